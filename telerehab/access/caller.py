"""The caller of a request: for the audit trail, for access, for knowing a repeated command again."""

from __future__ import annotations

from dataclasses import dataclass

from telerehab.access.predicate import EVERYTHING, Access


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `name` is a client, user or service, never a patient's name; `access` is what they may touch.

    `address` is the network address the request came from, `request_id` joins log, audit and error text.
    """

    name: str
    request_id: str = ""
    address: str = ""
    access: Access = EVERYTHING
