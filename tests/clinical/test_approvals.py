"""A file is approved only in exactly the state that somebody signed."""

from __future__ import annotations

import datetime

import pytest

from clinical.approvals import Approval, Approvals, digest, state, stated_approvals
from clinical.reading import paths

HIP = "red-flags/hip.toml"
FILES = list(paths())


def approval(file: str, sha256: str) -> Approval:
    return Approval(
        file=file,
        sha256=sha256,
        who="A. Physio",
        role="physiotherapist",
        licence="123",
        date=datetime.date(2026, 12, 1),
    )


def test_what_nobody_signed_is_a_draft() -> None:
    assert state(HIP, Approvals()) == "draft"


def test_what_was_signed_as_it_stands_is_approved() -> None:
    assert state(HIP, Approvals(approval=(approval(HIP, digest(HIP)),))) == "approved"


def test_one_changed_byte_is_not_approved() -> None:
    assert state(HIP, Approvals(approval=(approval(HIP, "0" * 64),))) == "changed"


def test_another_files_signature_approves_nothing() -> None:
    assert state(HIP, Approvals(approval=(approval("red-flags/knee.toml", digest(HIP)),))) == "draft"


def test_an_older_signature_beside_the_one_for_this_state_does_not_matter() -> None:
    both = Approvals(approval=(approval(HIP, "0" * 64), approval(HIP, digest(HIP))))
    assert state(HIP, both) == "approved"


@pytest.mark.parametrize("file", FILES)
def test_every_file_has_a_state_and_no_changed_file_is_passed_off_as_signed(file: str) -> None:
    """Fails when a signed file was edited: sign it again, or take its approval out."""
    assert state(file) != "changed"


def test_approvals_are_for_files_that_exist() -> None:
    assert {one.file for one in stated_approvals().approval} <= set(FILES)
