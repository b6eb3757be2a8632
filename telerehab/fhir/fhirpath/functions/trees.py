"""The tree below elements, and looking at what goes by.

https://hl7.org/fhirpath/N1/#tree-navigation
https://hl7.org/fhirpath/N1/#utility-functions
"""

from __future__ import annotations

from telerehab.fhir.fhirpath import navigation
from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, Step, function
from telerehab.fhir.fhirpath.temporal import Temporal, of_moment


@function("children")
def children(focus: Collection, scope: Scope) -> Collection:
    found = navigation.children(focus)
    scope.environment.spend(len(found))
    return found


@function("descendants")
def descendants(focus: Collection, scope: Scope) -> Collection:
    found: Collection = []
    level = focus
    while level := children(level, scope):
        found.extend(level)
    return found


@function("trace", 1, 2, lazy=True)
def trace(focus: Collection, scope: Scope, name: Step, projection: Step | None = None) -> Collection:
    """The input as it is: what goes by may be a patient's, and is logged nowhere."""
    return focus


@function("now")
def now(focus: Collection, scope: Scope) -> Collection:
    return [of_moment(scope.environment.now)]


@function("today")
def today(focus: Collection, scope: Scope) -> Collection:
    moment = scope.environment.now
    return [Temporal("Date", (moment.year, moment.month, moment.day))]


@function("timeOfDay")
def time_of_day(focus: Collection, scope: Scope) -> Collection:
    return [Temporal("Time", of_moment(scope.environment.now).parts[3:])]
