"""An invariant of the definitions as a check: its FHIRPath, asked only where the members do not tell already.

What cannot be decided (a partial date beside a full one, units that are not comparable) is no fault.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.constraint
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.definitions.structures import Constraint as Definition
from telerehab.fhir.fhirpath import FhirPathError, Node
from telerehab.fhir.fhirpath.evaluating import holds
from telerehab.fhir.fhirpath.navigation import step
from telerehab.fhir.fhirpath.parser import parse
from telerehab.fhir.fhirpath.scope import Environment
from telerehab.fhir.validation.context import Constraint, Context, Fault, Path
from telerehab.fhir.validation.corrections import CORRECTED
from telerehab.fhir.validation.presence import quick_answer


def expression_of(definition: Definition) -> str:
    """What is evaluated: the definition's expression, or what stands in its place."""
    return CORRECTED.get(definition["key"], definition["expression"])


def invariant(definition: Definition, type_: str, member: str = "") -> Constraint:
    """The check of one invariant on objects of `type_`, or on the primitive `member` of them."""
    expression = expression_of(definition)
    fault = Fault("invariant", f"{definition['human'].rstrip('. ')} ({definition['key']}).")
    advice = definition["severity"] == "warning"
    if member:
        return _on_member(expression, fault, type_, member)
    quick = quick_answer(parse(expression), type_)

    def check(value: dict[str, Any], path: Path, context: Context) -> None:
        answer = None if quick is None else quick(value)
        if answer is None:
            answer = decided(expression, Node(value, type_), context)
        if answer is False:
            context.report(fault, path, advice=advice)

    return check


def _on_member(expression: str, fault: Fault, type_: str, member: str) -> Constraint:
    def check(value: dict[str, Any], path: Path, context: Context) -> None:
        for item in step([Node(value, type_)], member):
            if decided(expression, item, context) is False:
                context.report(fault, (path, member, item.index))

    return check


def decided(expression: str, node: Node, context: Context) -> bool | None:
    """Whether an expression holds of an element; None where that cannot be told."""
    environment = Environment(
        context.resource,
        context.root_resource,
        {"context": [node]},
        context.resources_at_hand.get,
    )
    try:
        return holds(expression, node, environment)
    except FhirPathError:
        return None
