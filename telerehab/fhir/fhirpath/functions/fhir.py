"""What FHIR adds to FHIRPath.

`resolve()` finds contained resources and what is at hand (the entries of the bundle); `conformsTo()` knows the base
definitions, `memberOf()` the value sets of required bindings; whatever is not known is refused, never guessed.

https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.definitions import resource_types, value_set
from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, function
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.navigation import root, step, type_info
from telerehab.fhir.fhirpath.single import text
from telerehab.fhir.fhirpath.values import Node, is_a, system

_BASE = "http://hl7.org/fhir/StructureDefinition/"


@function("extension", 1)
def extension(focus: Collection, scope: Scope, url: Collection) -> Collection:
    wanted = text(url)
    return [
        one for one in step(focus, "extension") if type(one.value) is dict and one.value.get("url") == wanted
    ]


@function("hasValue")
def has_value(focus: Collection, scope: Scope) -> Collection:
    return [len(focus) == 1 and _value(focus[0]) is not None]


@function("getValue")
def get_value(focus: Collection, scope: Scope) -> Collection:
    value = _value(focus[0]) if len(focus) == 1 else None
    return [] if value is None else [value]


def _value(item: Any) -> Any:
    """A primitive's value; an element of another kind has none."""
    return None if type(item) is Node and type(item.value) is dict else system(item)


@function("resolve")
def resolve(focus: Collection, scope: Scope) -> Collection:
    """The resources that references name, as far as they are contained or at hand."""
    found: Collection = []
    for item in focus:
        value = item.value if type(item) is Node else item
        reference = value.get("reference") if type(value) is dict else value
        if type(reference) is str:
            found.extend(_resolved(reference, scope))
    return found


def _resolved(reference: str, scope: Scope) -> Collection:
    environment = scope.environment
    if reference == "#":
        return [root(environment.root)]
    if reference.startswith("#"):
        contained = step([root(environment.root)], "contained")
        return [one for one in contained if type(one.value) is dict and one.value.get("id") == reference[1:]][
            :1
        ]
    resource = environment.resolve(reference) if environment.resolve is not None else None
    return [] if resource is None else [root(resource)]


@function("conformsTo", 1)
def conforms_to(focus: Collection, scope: Scope, profile: Collection) -> Collection:
    """Whether the item is of the type that a base definition defines; other profiles are refused as unknown."""
    url = text(profile)
    if url is None or len(focus) != 1:
        return []
    name = url.removeprefix(_BASE)
    if not url.startswith(_BASE) or (
        name not in resource_types() and name not in ("Resource", "DomainResource")
    ):
        raise FhirPathError("conformsTo() knows the base definitions only")
    return [type(focus[0]) is Node and is_a(focus[0].type, name)]


@function("memberOf", 1)
def member_of(focus: Collection, scope: Scope, url: Collection) -> Collection:
    """Whether a code, Coding or CodeableConcept is in a value set of the definitions; others are refused."""
    concepts = value_set(text(url) or "")
    if concepts is None:
        raise FhirPathError("memberOf() knows the value sets of required bindings only")
    if len(focus) != 1:
        return []
    codes = {concept.code for concept in concepts}
    pairs = {(concept.system, concept.code) for concept in concepts}
    value = system(focus[0])
    if type(value) is str:
        return [value in codes]
    codings = step(focus, "coding") or focus
    listed = [one.value for one in codings if type(one) is Node and type(one.value) is dict]
    return [any((one.get("system"), one.get("code")) in pairs for one in listed)]


@function("htmlChecks")
def html_checks(focus: Collection, scope: Scope) -> Collection:
    """txt-1 and txt-2, which the validator judges with the narrative itself."""
    # only then: the validator compiles its invariants by this package
    from telerehab.fhir.validation.narrative import accept_xhtml

    return [all(accept_xhtml(system(item)) is None for item in focus)]


@function("type")
def type_of(focus: Collection, scope: Scope) -> Collection:
    return [type_info(item) for item in focus]
