"""The one thing asked of this package: what an expression selects from a resource.

https://hl7.org/fhirpath/N1/
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import DecimalException
from typing import Any

from telerehab.fhir.fhirpath.compiler import compiled
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.navigation import root
from telerehab.fhir.fhirpath.scope import Environment, Resolve, Scope
from telerehab.fhir.fhirpath.single import truth
from telerehab.fhir.fhirpath.values import Collection, Node


def select(
    expression: str,
    resource: Any,
    *,
    variables: Mapping[str, Collection] | None = None,
    resolve: Resolve | None = None,
) -> Collection:
    """The items that an expression selects from a resource's JSON.

    Elements come as `Node`, which knows its parent, JSON member and index; computed values as Python's own, `Temporal`
    or `Quantity`. Raises FhirPathError for what is no FHIRPath, has no meaning on this resource, or takes too long.
    """
    context = root(resource)
    named = {"context": [context], **(variables or {})}
    return run(expression, context, Environment(resource, resource, named, resolve))


def evaluate(
    expression: str,
    resource: Any,
    *,
    variables: Mapping[str, Collection] | None = None,
    resolve: Resolve | None = None,
) -> list[Any]:
    """As `select`, each element by its JSON value; a primitive without a value is left out."""
    found = select(expression, resource, variables=variables, resolve=resolve)
    values = [item.value if type(item) is Node else item for item in found]
    return [value for value in values if value is not None]


def run(expression: str, context: Node, environment: Environment) -> Collection:
    """What an expression selects from an element; errors as `select`."""
    try:
        return compiled(expression)(Scope([context], environment))
    except RecursionError:
        raise FhirPathError("the expression goes too deep on this resource") from None
    except DecimalException:
        raise FhirPathError("a number beyond any measure") from None


def holds(expression: str, context: Node, environment: Environment) -> bool | None:
    """Whether a condition holds of an element, None where it is open; errors as `select`."""
    return truth(run(expression, context, environment))
