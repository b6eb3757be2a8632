"""Collections combined with others.

https://hl7.org/fhirpath/N1/#combining
https://hl7.org/fhirpath/N1/#subsetting
"""

from __future__ import annotations

from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, function
from telerehab.fhir.fhirpath.values import each_once, identity


@function("distinct")
def distinct(focus: Collection, scope: Scope) -> Collection:
    scope.environment.spend(len(focus))
    return each_once(focus)


@function("union", 1)
def union(focus: Collection, scope: Scope, other: Collection) -> Collection:
    scope.environment.spend(len(focus) + len(other))
    return each_once([*focus, *other])


@function("combine", 1)
def combine(focus: Collection, scope: Scope, other: Collection) -> Collection:
    scope.environment.spend(len(focus) + len(other))
    return [*focus, *other]


@function("intersect", 1)
def intersect(focus: Collection, scope: Scope, other: Collection) -> Collection:
    scope.environment.spend(len(other))
    wanted = set(map(identity, other))
    return [item for item in distinct(focus, scope) if identity(item) in wanted]


@function("exclude", 1)
def exclude(focus: Collection, scope: Scope, other: Collection) -> Collection:
    scope.environment.spend(len(focus) + len(other))
    unwanted = set(map(identity, other))
    return [item for item in focus if identity(item) not in unwanted]
