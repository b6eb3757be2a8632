"""The one question asked of this package: what is wrong with this resource?

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.outcome import Issue
from telerehab.fhir.validation.compiler import any_resource
from telerehab.fhir.validation.context import MAX_ISSUES, Context, TooManyIssues

_MORE = Issue("too-long", f"Only the first {MAX_ISSUES} faults are listed.", severity="information")
_TOO_DEEP = Issue("too-long", "The resource is nested too deep.")


def validate(resource: Any, *, in_bundle: bool = False, advises: bool = False) -> list[Issue]:
    """Every fault of a resource as `telerehab.fhir.json.parse` gives it; an empty list means it is valid FHIR R4.

    `in_bundle` says that it is an entry of a bundle, where `urn:` and conditional references have a meaning; `advises`
    adds what is against best practice, as warnings. Each
    issue's expression is the FHIRPath of the element; no issue repeats a value. Never raises for any JSON value.
    """
    context = Context(in_bundle, advises=advises)
    try:
        any_resource().check(resource, (None, _root(resource), -1), context)
    except TooManyIssues:
        return [*context.issues, _MORE]
    except RecursionError:
        return [*context.issues, _TOO_DEEP]
    return context.issues


def _root(resource: Any) -> str:
    name = resource.get("resourceType") if type(resource) is dict else None
    return name if type(name) is str and name.isalpha() and len(name) <= 64 else "Resource"
