"""Third step: the write sets of all owners in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from services.gateway.gateway import Gateway
from services.gateway.transaction.plan import Plan
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.store.arguments import row_order
from telerehab.store.write import apply_all
from telerehab.write_set import Command, Violated, WriteSet


def require_one_database(gateway: Gateway, owners: Collection[str]) -> None:
    """422 where a transaction is over owners whose databases are separate, so that no one commit can hold it."""
    if gateway.elsewhere.isdisjoint(owners):
        return
    told = f"In this deployment {', '.join(sorted(owners))} do not share a database; send a bundle for each."
    raise FhirError(422, [Issue("not-supported", told)])


async def commit(gateway: Gateway, plan: Plan, command: Command | None) -> Sequence[datetime]:
    """Commit and wake the relays; the times, schema by schema, each schema's in the order of its locks.

    Raises `Missed`, `Repeated`, FhirError for a constraint.
    """
    if not any(write_set.does_something for write_set in plan.write_sets):
        return []
    try:
        applied = await apply_all(gateway.pool, plan.write_sets, command)
    except Violated as violated:
        raise _refusal(plan.write_sets, violated) from None
    for write_set in plan.write_sets:
        if write_set.outbox:
            gateway.wake(write_set.schema)
    return [
        one.last_updated[place]
        for write_set, one in zip(plan.write_sets, applied, strict=True)
        for place in row_order(write_set)
    ]


def _refusal(write_sets: Sequence[WriteSet], violated: Violated) -> FhirError:
    """What the owner wants said, located at the entry if only one can have hit the constraint."""
    write_set = next(each for each in write_sets if each.schema == violated.schema)
    error = write_set.violations[violated.constraint].error()
    tables = [table for table in write_set.side_rows if violated.constraint.startswith(table)]
    ids = {id_ for table in tables for id_ in write_set.side_rows[table][0]}
    entries = {row.entry for row in write_set.rows if row.id in ids and row.text is not None}
    return error.at(f"Bundle.entry[{entries.pop()}]") if len(entries) == 1 and min(entries) >= 0 else error
