"""A transaction as a command: known by caller and key, so that a repeated one has one effect and one answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from telerehab.access import Caller
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.server.commands import MAX_KEY
from telerehab.write_set import Command, Remembered

KEY_HEADER = "idempotency-key"


def command_of(caller: Caller, headers: Mapping[str, str], bundle: JsonObject, body: bytes) -> Command | None:
    """The command, its answer still empty; None if neither `Idempotency-Key` nor Bundle.identifier names it."""
    given = headers.get(KEY_HEADER)
    if given is not None and not 0 < len(given) <= MAX_KEY:
        raise bad_request(f"The key has 1 to {MAX_KEY} characters.", "http.Idempotency-Key", "value")
    key = given or _identifier(bundle)
    if not key:
        return None
    named = hashlib.sha256("\0".join((caller.name, key)).encode()).digest()
    return Command(named, hashlib.sha256(body).digest(), b"")


def require_same(command: Command, first: Remembered) -> None:
    """422 where the key was first used for another request."""
    if first.request != command.request:
        told = "The same key has come with another request before."
        raise FhirError(422, [Issue("duplicate", told, "http.Idempotency-Key")])


def _identifier(bundle: JsonObject) -> str:
    identifier = bundle.get("identifier")
    value = identifier.get("value") if isinstance(identifier, dict) else None
    return f"identifier {identifier.get('system', '')}|{value}" if identifier and value else ""
