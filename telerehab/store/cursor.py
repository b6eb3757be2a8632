"""Page cursors: where a listing goes on, sealed so that a client can neither read anything into it nor alter it."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError, Issue

_MAC_BYTES = 16


class Cursors:
    """Seals and opens cursors with a key that only the service has."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, values: list[Any], context: str) -> str:
        """A cursor over JSON values that opens only in the same context (the query, and who asked)."""
        payload = json.dump(values)
        return urlsafe_b64encode(self._mac(payload, context) + payload).rstrip(b"=").decode()

    def open(self, cursor: str, context: str) -> list[Any]:
        """The values of a cursor; FhirError 410 if it is not one of ours for this context."""
        try:
            data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise _not_ours() from None
        mac, payload = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload, context)):
            raise _not_ours()
        values: list[Any] = json.parse(payload)
        return values

    def _mac(self, payload: bytes, context: str) -> bytes:
        return hmac.digest(self._key, context.encode() + b"\0" + payload, "sha256")[:_MAC_BYTES]


def _not_ours() -> FhirError:
    text = "This page link was made for another search or another caller, or has been altered: search again."
    return FhirError(410, [Issue("not-found", text)])
