"""References: their form, and that they point to a type which the element allows (ref-1 included).

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

import re
from typing import Any

from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.validation.context import Constraint, Context, Fault, LocalReference, Path

_ID = r"[A-Za-z0-9\-.]{1,64}"
_relative = re.compile(rf"([A-Z][A-Za-z]+)/{_ID}(?:/_history/{_ID})?").fullmatch
_absolute = re.compile(rf"https?://\S+/([A-Z][A-Za-z]+)/{_ID}(?:/_history/{_ID})?").fullmatch
_scheme = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+").fullmatch
_conditional = re.compile(r"([A-Z][A-Za-z]+)\?\S+").fullmatch
_STRUCTURE_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"

_FORM = Fault("value", "Expected a reference: Type/id, an absolute URL, or #id of a contained resource.")
_UNKNOWN_TYPE = Fault("value", "The reference names no FHIR R4 resource type.")
_URN = Fault("value", "A urn: reference has a meaning only between the entries of one bundle.")
_NO_ENTRY = Fault("value", "No entry of the bundle has this urn: as its fullUrl.")
_CONDITIONAL = Fault("value", "A conditional reference has a meaning only in a transaction bundle.")
_DISAGREE = Fault("value", "Reference.type disagrees with the type that the reference itself names.")
_NOT_CONTAINED = Fault("invariant", "There is no contained resource with this id (ref-1).")


def reference_to(targets: frozenset[str] | None) -> Constraint:
    """The check of a Reference element that may point to `targets` (None: to any resource)."""

    def check(value: dict[str, Any], path: Path, context: Context) -> None:
        reference = value.get("reference")
        target = None
        if type(reference) is str and reference:
            target = _target_type(reference, targets, path, context)
        declared = value.get("type")
        if type(declared) is str:
            _check_declared(declared.removeprefix(_STRUCTURE_DEFINITION), target, targets, path, context)
        if target is not None and targets is not None and target not in targets:
            context.report(_not_a_target(targets), (path, "reference", -1))

    return check


def _target_type(reference: str, targets: frozenset[str] | None, path: Path, context: Context) -> str | None:
    """The resource type a reference names, as far as it tells; faults of its form are reported."""
    match = _relative(reference)
    if match:
        if match[1] in resource_types():
            return match[1]
        context.report(_UNKNOWN_TYPE, (path, "reference", -1))
    elif reference[0] == "#":
        context.local_references.append(LocalReference(reference[1:], targets, path))
    elif reference.startswith("urn:"):
        if context.in_bundle:
            return _type_of_entry(reference, path, context)
        context.report(_URN, (path, "reference", -1))
    elif _scheme(reference):
        match = _absolute(reference)
        return match[1] if match and match[1] in resource_types() else None
    else:
        return _conditional_type(reference, path, context)
    return None


def _type_of_entry(reference: str, path: Path, context: Context) -> str | None:
    """The type of the entry that a urn: names; the entries are known where the bundle itself is walked."""
    resource = context.resources_at_hand.get(reference)
    if resource is not None:
        named = resource.get("resourceType")
        return named if type(named) is str and named in resource_types() else None
    if context.resources_at_hand and reference.startswith(("urn:uuid:", "urn:oid:")):
        context.report(_NO_ENTRY, (path, "reference", -1))
    return None


def _conditional_type(reference: str, path: Path, context: Context) -> str | None:
    match = _conditional(reference)
    fault = _FORM if match is None else _UNKNOWN_TYPE if match[1] not in resource_types() else None
    if fault is None and not context.in_bundle:
        fault = _CONDITIONAL
    if fault is not None:
        context.report(fault, (path, "reference", -1))
    return match[1] if match is not None and fault is None else None


def _check_declared(
    declared: str, target: str | None, targets: frozenset[str] | None, path: Path, context: Context
) -> None:
    if declared not in resource_types():
        return  # a logical model's URL: the binding is extensible
    if target is not None and declared != target:
        context.report(_DISAGREE, (path, "type", -1))
    elif targets is not None and declared not in targets:
        context.report(_not_a_target(targets), (path, "type", -1))


def check_local_references(types: dict[str, str], context: Context) -> None:
    """Check the `#id` references of the resource just walked; `types` maps its contained ids to their types."""
    for local in context.local_references:
        found = types.get(local.id)
        if found is None:
            context.report(_NOT_CONTAINED, (local.path, "reference", -1))
        elif local.targets is not None and found not in local.targets:
            context.report(_not_a_target(local.targets), (local.path, "reference", -1))


def _not_a_target(targets: frozenset[str]) -> Fault:
    return Fault("value", f"This element may refer only to: {', '.join(sorted(targets))}.")
