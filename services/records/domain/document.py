"""What a document consists of: what its Composition names, what that is made of, and who made it.

https://hl7.org/fhir/R4/documents.html#content
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from telerehab.fhir.definitions.compartment import patient_compartment
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.json import JsonObject

Json = Mapping[str, Any]

_LITERAL = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(/_history/[A-Za-z0-9\-.]{1,64})?")
_DIRECT = ("subject", "encounter", "author", "custodian")
_SECTION = ("author", "focus", "entry")
_MADE_OF: Mapping[str, tuple[str, ...]] = {
    "DiagnosticReport": ("result", "specimen", "imagingStudy"),
    "List": ("entry.item",),
    "MeasureReport": ("evaluatedResource",),
    "Observation": ("hasMember", "derivedFrom"),
    "Procedure": ("report",),
}
"""Members of a resource that are parts of it: a report without its results says little."""


class Named(NamedTuple):
    """A reference and where it stands in the Composition."""

    reference: str
    path: str


def named_by(composition: Json) -> list[Named]:
    """What a document must hold, in the Composition's order, but for what is contained or has no literal reference."""
    return [one for one in _of_composition(composition) if not one.reference.startswith("#")]


def _of_composition(composition: Json) -> Iterator[Named]:
    for name in _DIRECT:
        yield from _at(composition, name, "Composition")
    for number, attester in enumerate(composition.get("attester", ())):
        yield from _at(attester, "party", f"Composition.attester[{number}]")
    for number, event in enumerate(composition.get("event", ())):
        yield from _at(event, "detail", f"Composition.event[{number}]")
    yield from _of_sections(composition, "Composition")


def _of_sections(parent: Json, path: str) -> Iterator[Named]:
    for number, section in enumerate(parent.get("section", ())):
        where = f"{path}.section[{number}]"
        for name in _SECTION:
            yield from _at(section, name, where)
        yield from _of_sections(section, where)


def _at(parent: Json, name: str, path: str) -> Iterator[Named]:
    value = parent.get(name)
    for number, reference in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(reference, Mapping) and "reference" in reference:
            where = f"{path}.{name}[{number}]" if isinstance(value, list) else f"{path}.{name}"
            yield Named(str(reference["reference"]), where)


def further(content: JsonObject) -> list[str]:
    """What a resource of the document brings along: its parts, and the people and places that no patient owns."""
    parts = (
        one for path in _MADE_OF.get(str(content.get("resourceType")), ()) for one in _along(content, path)
    )
    brought = dict.fromkeys([*parts, *(one for one in _references(content) if _is_shared(one))])
    return [one for one in brought if is_literal(one)]


def is_literal(reference: str) -> bool:
    """Whether a reference names a resource of this server, "Type/id" or a version of it."""
    match = _LITERAL.fullmatch(reference)
    return match is not None and match[1] in resource_types()


def _along(content: Any, path: str) -> Iterator[str]:
    name, _, rest = path.partition(".")
    values = content.get(name, ()) if isinstance(content, Mapping) else ()
    for value in values if isinstance(values, Sequence) else [values]:
        if rest:
            yield from _along(value, rest)
        elif isinstance(value, Mapping) and "reference" in value:
            yield str(value["reference"])


def _references(content: Any) -> Iterator[str]:
    if isinstance(content, list):
        for item in content:
            yield from _references(item)
    elif isinstance(content, Mapping):
        if isinstance(content.get("reference"), str):
            yield content["reference"]
        for value in content.values():
            if isinstance(value, list | Mapping):
                yield from _references(value)


def _is_shared(reference: str) -> bool:
    type_ = reference.partition("/")[0]
    return type_ in resource_types() and type_ != "Patient" and not patient_compartment().get(type_)
