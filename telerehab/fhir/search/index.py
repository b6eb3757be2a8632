"""Index: a resource to the rows that searches look at.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar

from telerehab.fhir.definitions.compartment import patient_compartment
from telerehab.fhir.fhirpath.paths import Field, Step
from telerehab.fhir.search.parameter import Parameter, Sink, parameters
from telerehab.fhir.search.rows import IndexRows
from telerehab.fhir.search.types import SEARCH_TYPES
from telerehab.fhir.search.types.reference import narrowed

_COLUMNS = frozenset({"_id", "_lastUpdated"})  # the store has them anyway

Row = TypeVar("Row")
Branches: TypeAlias = list[tuple[tuple[Step, ...], Sink]]


class _Plan(NamedTuple):
    """What to do with each member of a resource, with the whole of it, and which references make patients."""

    members: Mapping[str, tuple[Sink, ...]]
    whole: Sink | None
    compartment: frozenset[int]


def index(resource: Mapping[str, Any], base: str = "") -> IndexRows:
    """The rows of one valid resource; `base` is our own FHIR base URL, references below it are local."""
    rows = IndexRows(resource["resourceType"], resource.get("id", ""))
    plan = _plan(rows.type, base)
    members = plan.members
    for name, value in resource.items():
        for sink in members.get(name, ()):
            sink(value, rows)
    if plan.whole:
        plan.whole(resource, rows)
    rows.tokens = sorted(set(rows.tokens))
    rows.dates = _once(rows.dates)
    rows.strings = _once(rows.strings)
    rows.numbers = _once(rows.numbers)
    rows.references = _once(rows.references)
    rows.patients = _patients(rows, plan.compartment)
    return rows


def _once(rows: list[Row]) -> list[Row]:
    """The rows without doubles; most kinds have one row or none, whose hash would cost more than all else here."""
    return list(dict.fromkeys(rows)) if len(rows) > 1 else rows


def _patients(rows: IndexRows, compartment: frozenset[int]) -> list[str]:
    if rows.type == "Patient":
        return [rows.id]
    return list(
        dict.fromkeys(
            row.target_id
            for row in rows.references
            if row.target_type == "Patient" and row.parameter in compartment
        )
    )


@lru_cache(maxsize=512)
def _plan(type_: str, base: str) -> _Plan:
    known = parameters(type_)
    members: dict[Field, Branches] = {}
    whole: Branches = []
    for steps, sink in _branches(known.values(), base):
        if steps and isinstance(steps[0], Field):
            members.setdefault(steps[0], []).append((steps[1:], sink))
        else:
            whole.append((steps, sink))
    sinks: dict[str, tuple[Sink, ...]] = {}
    for field, branches in members.items():
        sinks[field.key] = (*sinks.get(field.key, ()), field.enter(_together(branches)))
    return _Plan(
        sinks,
        _together(whole) if whole else None,
        frozenset(part.hash for code in patient_compartment().get(type_, ()) for part in known[code].indexed),
    )


def _branches(known: Iterable[Parameter], base: str) -> Iterator[tuple[tuple[Step, ...], Sink]]:
    for parameter in known:
        if parameter.code in _COLUMNS or (parameter.parts and not parameter.narrows):
            continue
        for path in parameter.paths:
            kind = SEARCH_TYPES[parameter.type]
            sink = narrowed(parameter, base) if parameter.narrows else kind.index(parameter, path, base)
            if sink is not None:
                yield path.steps, sink


def _together(branches: Branches) -> Sink:
    """One closure for all branches, the steps they share taken once."""
    shared: dict[Step, Branches] = {}
    for steps, sink in branches:
        if steps:
            shared.setdefault(steps[0], []).append((steps[1:], sink))
    sinks = [sink for steps, sink in branches if not steps]
    sinks += [step.before(_together(rest)) for step, rest in shared.items()]
    if len(sinks) == 1:
        return sinks[0]

    def together(value: Any, rows: IndexRows) -> None:
        for sink in sinks:
            sink(value, rows)

    return together
