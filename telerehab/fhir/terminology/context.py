"""The value set that R4 binds an element to, named as "[StructureDefinition url]#[path]".

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from telerehab.fhir.definitions.structures import structure

_BASE = "http://hl7.org/fhir/StructureDefinition/"


def bound_at(context: str) -> str | None:
    """The canonical of the value set at `context` ("…/Observation#Observation.status"), or None where there is none."""
    url, _, path = context.partition("#")
    if not url.startswith(_BASE):
        return None
    try:
        elements = structure(url.removeprefix(_BASE))["element"]
    except KeyError:
        return None
    bindings = (element.get("binding") for element in elements if element["path"] == path)
    return next((one["valueSet"] for one in bindings if one and "valueSet" in one), None)
