"""Last step: the answer, one entry for each that was asked.

It is made from `Written`s, which are kept with the command, so that whoever repeats it is answered the same.
https://hl7.org/fhir/R4/http.html#transaction-response
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.gateway.transaction.plan import Outcome, Plan
from services.gateway.transaction.resolve import Placed
from telerehab.fhir import json
from telerehab.fhir.bundle import responded
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import Issue, operation_outcome
from telerehab.resource import Resource, instant
from telerehab.store.arguments import row_order


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one writing entry; `version` is 0 where nothing was there to delete.

    `last_updated` is an instant, or, where the commit gives it, its place among the times of the commit.
    """

    index: int
    status: int
    reference: str
    version: int
    last_updated: str | int | None


def written_entries(placed: Iterable[Placed], plan: Plan, stored: Mapping[str, Resource]) -> list[Written]:
    """What will have become of the entries once the plan is committed; `stored` are those that criteria found."""
    versions = _versions(plan)
    return [_written(write, plan.outcomes.get(write.write.entry.index), versions, stored) for write in placed]


def _written(
    placed: Placed,
    outcome: Outcome | None,
    versions: Mapping[str, tuple[int, int]],
    stored: Mapping[str, Resource],
) -> Written:
    index = placed.write.entry.index
    unchanged = outcome.unchanged if outcome else stored.get(placed.reference)
    if unchanged is not None and unchanged.last_updated is not None:
        return Written(index, 200, unchanged.reference, unchanged.version, instant(unchanged.last_updated))
    status = outcome.status if outcome else 204 if placed.write.method == "DELETE" else 200
    version, place = versions.get(placed.reference, (0, None))
    return Written(index, status, placed.reference, version, place)


def _versions(plan: Plan) -> dict[str, tuple[int, int]]:
    """The version each resource gets, and the place of its time among the times of the commit."""
    versions = {}
    place = 0
    for write_set in plan.write_sets:
        for number in row_order(write_set):
            row = write_set.rows[number]
            versions[f"{row.type}/{row.id}"] = (row.expected + 1, place)
            place += 1
    return versions


def kept(entries: Sequence[Written]) -> bytes:
    """What is kept with the command."""
    return json.dump(
        [[each.index, each.status, each.reference, each.version, each.last_updated] for each in entries]
    )


def recalled(answer: bytes) -> list[Written]:
    """What was kept with the command."""
    return [Written(*each) for each in json.parse(answer)]


def response_entry(
    written: Written,
    times: Sequence[datetime],
    base_url: str,
    returns: str | None,
    resources: Mapping[str, Resource],
) -> JsonObject:
    """The entry of the answer; `returns` is what `Prefer` asks for, `resources` the versions just written."""
    moment = written.last_updated
    location = f"{written.reference}/_history/{written.version}"
    return responded(
        written.status,
        location=f"{base_url}/{location}" if written.status != 204 else None,
        etag=f'W/"{written.version}"' if written.version else None,
        last_modified=instant(times[moment]) if isinstance(moment, int) else moment,
        resource=resources.get(location) if returns == "representation" else None,
        outcome=_outcome(written) if returns == "OperationOutcome" else None,
    )


def _outcome(written: Written) -> JsonObject:
    done = {201: "created", 204: "deleted"}.get(written.status, "stored")
    told = f"{written.reference} is {done}." if written.version else "There was nothing to delete."
    return operation_outcome([Issue("informational", told, severity="information")])
