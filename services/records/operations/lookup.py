"""CodeSystem/$lookup: all that is known of a code.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from services.records.terminology import system_named
from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, unprocessable
from telerehab.fhir.terminology.code_system import CodeSystem, Concept
from telerehab.fhir.terminology.showing import in_language
from telerehab.operation import Operation, Parameters
from telerehab.unit_of_work import UnitOfWork


async def _lookup(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Parameters with the name of the system, the display, designations and properties; 404 for an unknown code."""
    if parameters.one("date") is not None:
        told = "Definitions are kept as they are now, not as they were: 'date' cannot be honoured."
        raise unprocessable([Issue("not-supported", told, "Parameters.date")])
    url, code, version, where = _asked(parameters)
    system = await system_named(url, version, work, "system" if where == "code" else where)
    concept = system.find(code)
    if concept is None:
        told = f"The code '{code[:64]}' is not known in {system.url}."
        raise FhirError(404, [Issue("not-found", told, f"Parameters.{where}")])
    return {"resourceType": "Parameters", "parameter": list(_told(system, concept, parameters))}


def _asked(parameters: Parameters) -> tuple[str, str, str | None, str]:
    """System, code, version, and the parameter that gave the code."""
    code, coding = parameters.one("code"), parameters.one("coding")
    if code is not None and coding is not None:
        raise bad_request("Only one of code, coding may be given.", "Parameters.coding")
    if coding is not None:
        if not coding.get("system") or not coding.get("code"):
            raise bad_request("The coding needs a system and a code.", "Parameters.coding", "required")
        version = parameters.one("version") or coding.get("version")
        return coding["system"], coding["code"], version, "coding"
    if code is None:
        raise bad_request("A code with its system, or a coding, is required.", "Parameters.code", "required")
    return str(parameters.required("system")), str(code), parameters.one("version"), "code"


def _told(system: CodeSystem, concept: Concept, parameters: Parameters) -> Iterator[JsonObject]:
    wanted = set(parameters.all("property"))
    display = in_language(concept.display, concept.designations, parameters.one("displayLanguage"))
    yield {"name": "name", "valueString": system.name}
    if system.version is not None:
        yield {"name": "version", "valueString": system.version}
    yield {"name": "display", "valueString": display or concept.code}
    for designation in concept.designations:
        language = designation.get("language")
        if not wanted or "designation" in wanted or (language and f"lang.{language}" in wanted):
            parts = [("language", "valueCode"), ("use", "valueCoding"), ("value", "valueString")]
            yield {
                "name": "designation",
                "part": [
                    {"name": name, key: designation[name]} for name, key in parts if name in designation
                ],
            }
    for code, value in _properties(system, concept):
        if not wanted or code in wanted:
            yield {"name": "property", "part": [{"name": "code", "valueCode": code}, *value]}


def _properties(system: CodeSystem, concept: Concept) -> Iterator[tuple[str, list[JsonObject]]]:
    """Each property as its code and the parts that tell its value."""
    if concept.definition is not None:
        yield "definition", [{"name": "value", "valueString": concept.definition}]
    for code, others in (("parent", concept.parents), ("child", concept.children)):
        for other in others:
            shown = system.concepts[other].display
            said = [{"name": "description", "valueString": shown}] if shown else []
            yield code, [{"name": "value", "valueCode": other}, *said]
    yield "inactive", [{"name": "value", "valueBoolean": concept.inactive}]
    for one in concept.properties:
        if one["code"] not in ("parent", "child", "inactive"):
            held = {name: value for name, value in one.items() if name.startswith("value")}
            yield str(one["code"]), [{"name": "value", **held}]


lookup = Operation(cast(JsonObject, operation_definition("lookup", "CodeSystem")), _lookup)
