"""Read your writes: a write answers with the position of its events, a read that presents it waits for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from telerehab.events.position import HEADER, BadToken, joined, token_of
from telerehab.fhir.outcome import bad_request
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from telerehab.engine import Engine

POSITION = HEADER.lower()
BEHIND = "x-telerehab-behind"
"""On the answer to a read that could not wait any longer: why ("timeout", "dead-letter", "unavailable")."""


def tell_position(response: FhirResponse, work: UnitOfWork) -> FhirResponse:
    """The answer to a write, with the position of what it caused."""
    if work.write_set is not None and (token := token_of([work.write_set])):
        response.headers[POSITION] = token
    return response


def tell_positions(response: FhirResponse, entries: Iterable[FhirResponse]) -> FhirResponse:
    """The answer to a batch, with the positions of what its entries caused as one."""
    if token := joined(entry.headers.get(POSITION, "") for entry in entries):
        response.headers[POSITION] = token
    return response


async def catch_up(engine: Engine, request: FhirRequest) -> str:
    """Wait until this service has handled the events that the request's position names; why not, or ""."""
    if engine.wait_for is None:
        return ""
    try:
        waited = await engine.wait_for(request.headers[POSITION])
    except BadToken as bad:
        told = str(bad) or "This is no position that a write answered."
        raise bad_request(told, f"http.{HEADER}", "value") from None
    return waited.reason
