"""Index: a resource to the rows that searches look at.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from telerehab.fhir.definitions.compartment import patient_compartment
from telerehab.fhir.fhirpath.paths import Field, Path
from telerehab.fhir.search.parameter import Parameter, Sink, parameters
from telerehab.fhir.search.rows import IndexRows
from telerehab.fhir.search.types import SEARCH_TYPES

_COLUMNS = frozenset({"_id", "_lastUpdated"})  # the store has them anyway


class _Plan(NamedTuple):
    """What to do with each member of a resource, with the whole of it, and which references make patients."""

    members: Mapping[str, tuple[Sink, ...]]
    whole: tuple[Sink, ...]
    compartment: frozenset[int]


def index(resource: Mapping[str, Any], base: str = "") -> IndexRows:
    """The rows of one valid resource; `base` is our own FHIR base URL, references below it are local."""
    rows = IndexRows(resource["resourceType"], resource.get("id", ""))
    plan = _plan(rows.type, base)
    members = plan.members
    for name, value in resource.items():
        for sink in members.get(name, ()):
            sink(value, rows)
    for sink in plan.whole:
        sink(resource, rows)
    rows.tokens = sorted(set(rows.tokens))
    rows.dates = list(dict.fromkeys(rows.dates))
    rows.strings = list(dict.fromkeys(rows.strings))
    rows.numbers = list(dict.fromkeys(rows.numbers))
    rows.references = list(dict.fromkeys(rows.references))
    rows.patients = _patients(rows, plan.compartment)
    return rows


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
    members: dict[str, list[Sink]] = {}
    whole: list[Sink] = []
    known = parameters(type_)
    for parameter in known.values():
        if parameter.code in _COLUMNS or (parameter.parts and not parameter.narrows):
            continue
        for path in parameter.paths:
            sink = (
                _presence(parameter)
                if parameter.narrows
                else SEARCH_TYPES[parameter.type].index(parameter, path, base)
            )
            if sink is not None:
                _place(path, sink, members, whole)
    return _Plan(
        {name: tuple(sinks) for name, sinks in members.items()},
        tuple(whole),
        frozenset(part.hash for code in patient_compartment().get(type_, ()) for part in known[code].indexed),
    )


def _presence(parameter: Parameter) -> Sink:
    present = parameter.present

    def presence(value: Any, rows: IndexRows) -> None:
        rows.tokens += present

    return presence


def _place(path: Path, sink: Sink, members: dict[str, list[Sink]], whole: list[Sink]) -> None:
    match path.steps:
        case (Field(key) as first, *rest):
            inner = Path(tuple(rest), path.type).into(sink)
            members.setdefault(key, []).append(first.enter(inner))
        case _:
            whole.append(path.into(sink))
