"""Who has signed which clinical file, in which exact state: clinical/APPROVALS.toml."""

from __future__ import annotations

import datetime
from functools import cache
from hashlib import sha256
from typing import Literal

from clinical.reading import BOOK, read, stated

State = Literal["approved", "changed", "draft"]


@stated
class Approval:
    """A named person has read `file`, whose bytes then had this hash, and takes responsibility for it."""

    file: str
    sha256: str
    who: str
    role: str
    licence: str
    date: datetime.date


@stated
class Approvals:
    """All that has been signed."""

    approval: tuple[Approval, ...] = ()


def digest(file: str) -> str:
    """The SHA-256 of the bytes of `file` ("red-flags/hip.toml"), in hex."""
    return sha256((BOOK / file).read_bytes()).hexdigest()


def state(file: str, approvals: Approvals | None = None) -> State:
    """Whether `file` is approved as it stands, was changed since its approval, or was never approved.

    Only "approved" is approved: a changed file is not until somebody signs it as it now is.
    """
    signed = [one for one in (approvals or stated_approvals()).approval if one.file == file]
    if not signed:
        return "draft"
    return "approved" if any(one.sha256 == digest(file) for one in signed) else "changed"


@cache
def stated_approvals() -> Approvals:
    """APPROVALS.toml as it stands."""
    return read(Approvals, "APPROVALS.toml")
