"""Existence: whether there is anything, and whether it is all so.

https://hl7.org/fhirpath/N1/#existence
"""

from __future__ import annotations

from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, Step, function
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.single import truth
from telerehab.fhir.fhirpath.values import identity, system


@function("empty")
def empty(focus: Collection, scope: Scope) -> Collection:
    return [not focus]


@function("exists", 0, 1, lazy=True)
def exists(focus: Collection, scope: Scope, criterion: Step | None = None) -> Collection:
    if criterion is None:
        return [bool(focus)]
    return [any(truth(criterion(scope.at(item, index))) is True for index, item in enumerate(focus))]


@function("all", 1, lazy=True)
def every(focus: Collection, scope: Scope, criterion: Step) -> Collection:
    return [all(truth(criterion(scope.at(item, index))) is True for index, item in enumerate(focus))]


@function("not")
def negated(focus: Collection, scope: Scope) -> Collection:
    value = truth(focus)
    return [] if value is None else [not value]


def _booleans(focus: Collection) -> list[bool]:
    values = [system(item) for item in focus]
    if any(type(value) is not bool for value in values):
        raise FhirPathError("only booleans were expected")
    return values


@function("allTrue")
def all_true(focus: Collection, scope: Scope) -> Collection:
    return [all(_booleans(focus))]


@function("anyTrue")
def any_true(focus: Collection, scope: Scope) -> Collection:
    return [any(_booleans(focus))]


@function("allFalse")
def all_false(focus: Collection, scope: Scope) -> Collection:
    return [not any(_booleans(focus))]


@function("anyFalse")
def any_false(focus: Collection, scope: Scope) -> Collection:
    return [not all(_booleans(focus))]


@function("subsetOf", 1)
def subset_of(focus: Collection, scope: Scope, other: Collection) -> Collection:
    scope.environment.spend(len(focus) + len(other))
    return [set(map(identity, focus)) <= set(map(identity, other))]


@function("supersetOf", 1)
def superset_of(focus: Collection, scope: Scope, other: Collection) -> Collection:
    scope.environment.spend(len(focus) + len(other))
    return [set(map(identity, focus)) >= set(map(identity, other))]


@function("count")
def count(focus: Collection, scope: Scope) -> Collection:
    return [len(focus)]


@function("isDistinct")
def is_distinct(focus: Collection, scope: Scope) -> Collection:
    scope.environment.spend(len(focus))
    return [len(set(map(identity, focus))) == len(focus)]
