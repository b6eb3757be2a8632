"""CodeSystem/$subsumes: whether one code contains the other.

https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
"""

from __future__ import annotations

from typing import cast

from services.records.terminology import system_named
from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, unprocessable
from telerehab.fhir.terminology.code_system import CodeSystem
from telerehab.operation import Operation, Parameters
from telerehab.unit_of_work import UnitOfWork


async def _subsumes(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Parameters with `outcome`: equivalent, subsumes, subsumed-by or not-subsumed."""
    kind = _kind(parameters)
    system = await _system(parameters, work, kind)
    a, b = (_code(parameters, f"{kind}{side}", system) for side in "AB")
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "outcome", "valueCode": _outcome(system, a, b)}],
    }


def _outcome(system: CodeSystem, a: str, b: str) -> str:
    if a == b:
        return "equivalent"
    if b in system.below(a):
        return "subsumes"
    return "subsumed-by" if a in system.below(b) else "not-subsumed"


def _kind(parameters: Parameters) -> str:
    """Whether both codes are given as `code` or both as `coding`."""
    given = [name for name in ("codeA", "codeB", "codingA", "codingB") if parameters.one(name) is not None]
    if given in (["codeA", "codeB"], ["codingA", "codingB"]):
        return given[0].removesuffix("A")
    if not given:
        told = "Two codes are required: codeA and codeB, or codingA and codingB."
        raise bad_request(told, "Parameters.codeA", "required")
    if len(given) == 1:
        lacking = given[0][:-1] + ("B" if given[0].endswith("A") else "A")
        raise bad_request(f"'{lacking}' is required.", f"Parameters.{lacking}", "required")
    told = "The two codes are given as codeA and codeB, or as codingA and codingB."
    raise bad_request(told, f"Parameters.{given[-1]}")


async def _system(parameters: Parameters, work: UnitOfWork, kind: str) -> CodeSystem:
    named, version = parameters.one("system"), parameters.one("version")
    if parameters.on is not None:
        system = CodeSystem(parameters.on.content)
        if named not in (None, system.url):
            raise bad_request("The URL names another code system.", "Parameters.system")
        return system
    if kind == "code":
        named = parameters.required("system")
    codings = [parameters.required(f"coding{side}") for side in "AB"] if kind == "coding" else []
    systems = {one.get("system") for one in codings} | ({named} if named else set())
    if len(systems) > 1 or None in systems:
        told = "Subsumption is known inside one code system: both codings need it as their system."
        raise unprocessable([Issue("not-supported", told, "Parameters.codingB")])
    version = version or next((one["version"] for one in codings if "version" in one), None)
    where = "system" if named else "codingA"
    return await system_named(str(systems.pop()), version, work, where)


def _code(parameters: Parameters, name: str, system: CodeSystem) -> str:
    given = parameters.one(name)
    code = given.get("code") if isinstance(given, dict) else given
    if isinstance(given, dict) and given.get("system", system.url) != system.url:
        raise bad_request("The coding is of another code system.", f"Parameters.{name}")
    concept = system.find(str(code)) if code else None
    if concept is None:
        told = f"'{name}' is no code that is known in {system.url}."
        raise FhirError(404, [Issue("not-found", told, f"Parameters.{name}")])
    return concept.code


subsumes = Operation(cast(JsonObject, operation_definition("subsumes", "CodeSystem")), _subsumes)
