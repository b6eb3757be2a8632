"""Parsing: the parameters of a search to a `Query`.

https://hl7.org/fhir/R4/search.html#errors
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

from telerehab.fhir.outcome import FhirError, too_costly
from telerehab.fhir.search.criteria import criterion
from telerehab.fhir.search.parameter import Setting
from telerehab.fhir.search.predicate import EVERYTHING, Predicate, TypeIn, all_of, links
from telerehab.fhir.search.query import MAX_COUNT, SYSTEM, Query, Summary, Total
from telerehab.fhir.search.refusal import malformed, not_supported
from telerehab.fhir.search.result import elements, include, sort_keys
from telerehab.fhir.search.scope import (
    across,
    in_compartment,
    named_types,
    parse_compartment,
    types_in,
)

MOST_LINKS = 30
_ONCE = frozenset({"_count", "_sort", "_total", "_summary", "_elements", "_contained"})


def parse_query(
    type_: str,
    pairs: Iterable[tuple[str, str]],
    *,
    lenient: bool = False,
    base: str = "",
    now: datetime | None = None,
    aliases: Callable[[str], Sequence[str]] = lambda patient: (patient,),
    types: Collection[str] = (),
    compartment: str = "",
) -> Query:
    """The query that decoded (name, value) pairs mean for a resource type, or (`SYSTEM`) for several of `types`.

    `lenient` leaves out what is not supported instead of refusing it; malformed values are refused either way.
    `base` is our own FHIR base URL, `now` what `ap` measures from, `aliases` all ids of a Patient's person,
    `compartment` ("Practitioner/1") what to stay in. Raises `FhirError` 400 naming the parameter.
    """
    setting = Setting(base, now or datetime.now(UTC), aliases)
    query = Query(type_)
    pairs = list(pairs)
    over = named_types(pairs, types) if type_ == SYSTEM else (type_,)
    where = _scope(type_, over, compartment, setting)
    understood: list[tuple[str, str]] = []
    for name, value in pairs:
        try:
            if name in _ONCE and any(name == seen for seen, _ in understood):
                raise malformed(name, "given once")
            if _is_result(name):
                query = _result(query, name, value)
                value = str(query.count) if name == "_count" else value
            elif type_ == SYSTEM and name == "_type":
                pass  # it is in the scope
            elif type_ == SYSTEM:
                where.append(across(over, name, value, setting))
            else:
                where.append(criterion(type_, name, value, setting))
        except FhirError as error:
            if not lenient or any(issue.code != "not-supported" for issue in error.issues):
                raise
            continue
        understood.append((name, value))
    wanted = all_of(where) if where else EVERYTHING
    if links(wanted) > MOST_LINKS:
        raise too_costly(f"More than {MOST_LINKS} chains and _has in one search.")
    return replace(_finished(query), where=wanted, understood=tuple(understood), compartment=compartment)


def _scope(type_: str, types: Sequence[str], compartment: str, setting: Setting) -> list[Predicate]:
    """What the place of a search asks, besides its one type."""
    if compartment:
        name, id_ = parse_compartment(compartment)
        if type_ != SYSTEM and not types_in(name, types):
            raise not_supported(compartment, f"{type_} is never in the compartment of a {name}")
        return [in_compartment(name, id_, types, setting)]
    return [TypeIn(tuple(types))] if type_ == SYSTEM else []


def _is_result(name: str) -> bool:
    return name in _ONCE or name.partition(":")[0] in ("_include", "_revinclude", "_format", "_pretty")


def _result(query: Query, name: str, value: str) -> Query:
    match name.partition(":")[0]:
        case "_count":
            return replace(query, count=_count(value))
        case "_sort":
            return replace(query, sort=sort_keys(query.type, value))
        case "_total":
            if value not in get_args(Total):
                raise malformed(name, "'none', 'estimate' or 'accurate'")
            return replace(query, total=value)  # type: ignore[arg-type]
        case "_summary":
            if value not in get_args(Summary):
                raise malformed(name, "'true', 'text', 'data', 'count' or 'false'")
            return replace(query, summary=value)  # type: ignore[arg-type]
        case "_elements":
            return replace(query, elements=elements(query.type, value))
        case "_include":
            return replace(query, includes=(*query.includes, include(name, query.type, value)))
        case "_revinclude":
            return replace(query, revincludes=(*query.revincludes, include(name, query.type, value)))
        case "_contained" if value != "false":
            raise not_supported(name, "contained resources are not searched")
    return query  # _format and _pretty are the HTTP layer's


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise malformed("_count", "a whole number from 0 on")
    return min(int(value[:9]), MAX_COUNT)


def _finished(query: Query) -> Query:
    if query.summary == "count":
        query = replace(query, count=0)
    return replace(query, total="accurate") if query.count == 0 else query
