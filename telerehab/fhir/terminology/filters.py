"""The filters of a value set's composition, over one code system.

https://hl7.org/fhir/R4/valueset.html#compositions
https://hl7.org/fhir/R4/valueset-filter-operator.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from telerehab.fhir.outcome import Issue, unprocessable
from telerehab.fhir.terminology.code_system import CodeSystem, Concept

Filter = Callable[[Concept], bool]
_OF_HIERARCHY = frozenset({"concept", "code"})


def filter_of(definition: Mapping[str, Any], system: CodeSystem) -> Filter:
    """What a filter lets through; FhirError 422 for one that cannot be judged here."""
    property_, op, value = str(definition["property"]), str(definition["op"]), str(definition["value"])
    if op in _HIERARCHIES:
        if property_ not in _OF_HIERARCHY:
            raise _unsupported(property_, op)
        return _HIERARCHIES[op](system, value)
    if op in ("in", "not-in"):
        wanted = frozenset(one.strip() for one in value.split(","))
        return _one_of(property_, wanted, op == "in")
    if op == "=":
        return _one_of(property_, frozenset({value}), True)
    if op == "exists":
        expected = value == "true"
        return lambda concept: any(True for _ in concept.values(property_)) is expected
    raise _unsupported(property_, op)


def _below(system: CodeSystem, code: str) -> Filter:
    codes = system.below(code) if code in system.concepts else frozenset[str]()
    return lambda concept: concept.code in codes


def _strictly_below(system: CodeSystem, code: str) -> Filter:
    codes = system.below(code) - {code} if code in system.concepts else frozenset[str]()
    return lambda concept: concept.code in codes


def _not_below(system: CodeSystem, code: str) -> Filter:
    codes = system.below(code) if code in system.concepts else frozenset[str]()
    return lambda concept: concept.code not in codes


def _above(system: CodeSystem, code: str) -> Filter:
    codes = system.above(code) if code in system.concepts else frozenset[str]()
    return lambda concept: concept.code in codes


_HIERARCHIES: Mapping[str, Callable[[CodeSystem, str], Filter]] = {
    "is-a": _below,
    "descendent-of": _strictly_below,
    "is-not-a": _not_below,
    "generalizes": _above,
}


def _one_of(property_: str, wanted: frozenset[str], expected: bool) -> Filter:
    return lambda concept: (not wanted.isdisjoint(concept.values(property_))) is expected


def _unsupported(property_: str, op: str) -> Exception:
    told = f"A filter '{op}' on the property '{property_[:64]}' cannot be judged here."
    return unprocessable([Issue("not-supported", told, "ValueSet.compose.include.filter")])


def all_of(filters: Sequence[Filter]) -> Filter:
    """What passes every filter."""
    return lambda concept: all(passes(concept) for passes in filters)
