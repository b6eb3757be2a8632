"""The audit of what writes nothing: reads and searches before their body leaves, and everything refused.

Writes are audited in their own commit (`telerehab/planning.py`).
https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from telerehab.resource import Resource
from telerehab.server.request import FhirRequest, Pairs
from telerehab.write_set import AuditRow

if TYPE_CHECKING:
    from telerehab.access import Caller
    from telerehab.engine import Engine
    from telerehab.server.interaction import Interaction


async def seen(engine: Engine, request: FhirRequest, resource: Resource, action: str = "R") -> None:
    """One resource is shown; returns when that is on record."""
    await engine.store.audit(
        _row(request, action, resource.type, resource.id, resource.version, engine.patients(resource), 200)
    )


async def listed(
    engine: Engine,
    request: FhirRequest,
    type_: str,
    resources: Iterable[Resource],
    *,
    id_: str = "",
    query: Pairs | None = None,
) -> None:
    """A page of resources is shown: one compact row that names every patient touched.

    `id_` is set for the history of one resource; `query` where not all of it is in the URL.
    """
    patients = sorted({patient for resource in resources for patient in engine.patients(resource)})
    asked = urlencode(request.query if query is None else query)
    await engine.store.audit(_row(request, "R" if id_ else "E", type_, id_, 0, patients, 200, asked))


async def performed(engine: Engine, request: FhirRequest, code: str, resources: Iterable[Resource]) -> None:
    """An operation answers; the resources it wrote are audited in their commit besides."""
    patients = sorted({patient for resource in resources for patient in engine.patients(resource)})
    type_ = request.path[0] if len(request.path) > 1 else ""
    id_ = request.path[1] if len(request.path) > 2 else ""
    asked = "?".join(filter(None, [code, urlencode(request.query)]))
    await engine.store.audit(_row(request, "E", type_, id_, 0, patients, 200, asked))


async def nothing_to_delete(engine: Engine, request: FhirRequest) -> None:
    """A deletion that found nothing."""
    id_ = request.id if len(request.path) > 1 else ""
    await engine.store.audit(_row(request, "D", request.type, id_, 0, (), 204, urlencode(request.query)))


async def refused(engine: Engine, request: FhirRequest, interaction: Interaction, status: int) -> None:
    """A request that reached its interaction and was refused there."""
    if not interaction.action:
        return
    path = request.path
    type_ = path[0] if path and path[0] in engine.service.types else ""
    id_ = path[1] if len(path) > 1 and path[1][:1] not in ("_", "$") else ""
    query = urlencode(request.query)
    await engine.store.audit(_row(request, interaction.action, type_, id_, 0, (), status, query))


async def transaction_refused(engine: Engine, caller: Caller, status: int) -> None:
    """A transaction with entries of this service was refused: nothing of it was done."""
    row = AuditRow(caller.request_id, caller.name, caller.address, "E", "", "", 0, [], status, "transaction")
    await engine.store.audit(row)


def _row(
    request: FhirRequest,
    action: str,
    type_: str,
    id_: str,
    version: int,
    patients: Iterable[str],
    outcome: int,
    query: str = "",
) -> AuditRow:
    caller = request.caller
    return AuditRow(
        caller.request_id,
        caller.name,
        caller.address,
        action,
        type_,
        id_,
        version,
        list(patients),
        outcome,
        query,
    )
