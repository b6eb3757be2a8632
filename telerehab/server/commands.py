"""Commands that a client may repeat: a POST with an Idempotency-Key has one effect, and always the first answer.

What is kept of a command names the versions it answered instead of holding them, so that whoever repeats it sees of
them what they may see then.
https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.resource import Resource
from telerehab.server.request import FhirRequest
from telerehab.unit_of_work import UnitOfWork, existing
from telerehab.write_set import Command, Remembered, Repeated

if TYPE_CHECKING:
    from telerehab.engine import Engine

MAX_KEY = 255
_VERSION = "\0version"  # no FHIR JSON has a member of that name

Result = Any
"""JSON whose resources may be `Resource`s."""


async def run_once(
    engine: Engine,
    request: FhirRequest,
    act: Callable[[UnitOfWork], Awaitable[Result]],
    identifier: str | None = None,
) -> tuple[Result, UnitOfWork | None]:
    """Do `act` and commit it, unless the request repeats a command: then answer its result of then, and no work.

    `identifier` is what the body calls itself, for a request without an Idempotency-Key.
    """
    key = _key(request, identifier)
    if key is not None and (first := await engine.store.remembered(key)) is not None:
        return await _recalled(engine, request, first), None

    async def remembering(work: UnitOfWork) -> tuple[Result, UnitOfWork]:
        result = await act(work)
        if key is not None:
            work.command = Command(key, _hash_of(request), json.dump(_named(work, result)))
        return result, work

    try:
        return await engine.run(request.caller, remembering)
    except Repeated as repeated:
        return await _recalled(engine, request, repeated.first), None


def _key(request: FhirRequest, identifier: str | None) -> bytes | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None if identifier is None else _hash("identifier", request.caller.name, identifier)
    if not 0 < len(key) <= MAX_KEY:
        raise bad_request(f"The key has 1 to {MAX_KEY} characters.", "http.Idempotency-Key", "value")
    return _hash("key", request.caller.name, key)


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()


def _hash_of(request: FhirRequest) -> bytes:
    condition = request.headers.get("if-none-exist", "")
    asked = json.dump([request.method, request.path, list(request.query), condition])
    return hashlib.sha256(asked + request.body).digest()


async def _recalled(engine: Engine, request: FhirRequest, first: Remembered) -> Result:
    if first.request != _hash_of(request):
        told = "This key was used for another request before."
        raise FhirError(422, [Issue("duplicate", told, "http.Idempotency-Key")])
    return await _shown(engine, request, json.parse(first.answer))


def _named(work: UnitOfWork, value: Result) -> Any:
    """The result with each resource replaced by the name of the version that it will be."""
    if isinstance(value, Resource):
        planned = work.planned.get(value.reference)
        version = value.version if planned is None else planned.expected + 1
        return {_VERSION: [value.type, value.id, version]}
    if isinstance(value, dict):
        return {name: _named(work, held) for name, held in value.items()}
    return [_named(work, held) for held in value] if isinstance(value, list | tuple) else value


async def _shown(engine: Engine, request: FhirRequest, value: Any) -> Result:
    """The result with its resources read again, as far as the caller may see them."""
    if isinstance(value, dict):
        if _VERSION in value:
            type_, id_, version = value[_VERSION]
            found = await engine.store.version(type_, id_, version, request.caller.access)
            return existing(found, type_, id_)
        return {name: await _shown(engine, request, held) for name, held in value.items()}
    return [await _shown(engine, request, held) for held in value] if isinstance(value, list) else value
