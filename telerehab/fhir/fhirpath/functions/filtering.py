"""Filtering and projection, selecting single items by their place, and the choice between two results.

https://hl7.org/fhirpath/N1/#filtering-and-projection
https://hl7.org/fhirpath/N1/#subsetting
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from telerehab.fhir.fhirpath.comparing import order
from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, Step, function
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.single import truth, whole
from telerehab.fhir.fhirpath.values import Descending, Node, identity


@function("where", 1, lazy=True)
def where(focus: Collection, scope: Scope, criterion: Step) -> Collection:
    return [item for index, item in enumerate(focus) if truth(criterion(scope.at(item, index))) is True]


@function("select", 1, lazy=True)
def select(focus: Collection, scope: Scope, projection: Step) -> Collection:
    found: Collection = []
    for index, item in enumerate(focus):
        results = projection(scope.at(item, index))
        scope.environment.spend(len(results))
        found.extend(results)
    return found


@function("repeat", 1, lazy=True)
def repeat(focus: Collection, scope: Scope, projection: Step) -> Collection:
    """What the projection finds, and finds in what it found, each once."""
    found: Collection = []
    seen = set()
    pending = list(focus)
    while pending:
        batch, pending = pending, []
        for index, item in enumerate(batch):
            results = projection(scope.at(item, index))
            scope.environment.spend(len(results))
            for result in results:
                known = id(result.value) if type(result) is Node else identity(result)
                if known not in seen:
                    seen.add(known)
                    found.append(result)
                    pending.append(result)
    return found


@function("aggregate", 1, 2, lazy=True)
def aggregate(focus: Collection, scope: Scope, aggregator: Step, initial: Step | None = None) -> Collection:
    total = [] if initial is None else initial(scope)
    for index, item in enumerate(focus):
        inner = scope.at(item, index)
        inner.total = total
        total = aggregator(inner)
    return total


@function("iif", 2, 3, lazy=True)
def iif(
    focus: Collection, scope: Scope, criterion: Step, then: Step, otherwise: Step | None = None
) -> Collection:
    if len(focus) > 1:
        raise FhirPathError("iif() is asked of one item at most")
    inner = Scope(focus, scope.environment, scope.index, scope.total)
    met = criterion(inner)
    if len(met) > 1 or (met and type(truth(met)) is not bool) or (met and isinstance(met[0], str)):
        raise FhirPathError("the criterion of iif() is a boolean")
    if truth(met) is True:
        return then(inner)
    return [] if otherwise is None else otherwise(inner)


@function("sort", 0, 9, lazy=True)
def sort(focus: Collection, scope: Scope, *keys: Step) -> Collection:
    """By the items themselves, or by keys; a leading minus turns a key round, also of strings."""
    rows: list[tuple[list[Any], Any]] = []
    for index, item in enumerate(focus):
        inner = scope.at(item, index)
        rows.append(([next(iter(key(inner)), None) for key in keys] if keys else [item], item))

    def compared(left: tuple[list[Any], Any], right: tuple[list[Any], Any]) -> int:
        for one, other in zip(left[0], right[0], strict=True):
            if one is None or other is None:  # what has no key comes first
                found = (one is not None) - (other is not None)
            elif isinstance(one, Descending) and isinstance(other, Descending):
                found = order(other.of, one.of) or 0
            else:
                found = order(one, other) or 0
            if found:
                return found
        return 0

    return [item for _, item in sorted(rows, key=cmp_to_key(compared))]


@function("single")
def only(focus: Collection, scope: Scope) -> Collection:
    if len(focus) > 1:
        raise FhirPathError("single() found several items")
    return focus


@function("first")
def first(focus: Collection, scope: Scope) -> Collection:
    return focus[:1]


@function("last")
def last(focus: Collection, scope: Scope) -> Collection:
    return focus[-1:]


@function("tail")
def tail(focus: Collection, scope: Scope) -> Collection:
    return focus[1:]


@function("skip", 1)
def skip(focus: Collection, scope: Scope, count: Collection) -> Collection:
    return focus[max(0, whole(count) or 0) :]


@function("take", 1)
def take(focus: Collection, scope: Scope, count: Collection) -> Collection:
    return focus[: max(0, whole(count) or 0)]
