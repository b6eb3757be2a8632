"""ValueSet/$validate-code and CodeSystem/$validate-code: whether a coded value is in a value set or code system.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from services.records.terminology import code_system_of, value_set_of
from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import Issue, bad_request, unprocessable
from telerehab.fhir.terminology.expansion import Content, content_of
from telerehab.fhir.terminology.judging import Judged, Verdict, in_code_system, in_value_set, of_all
from telerehab.operation import Operation, Parameters
from telerehab.unit_of_work import UnitOfWork


async def _in_value_set(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Parameters with `result`, and `message` and `display` where there is one."""
    asked = _asked(parameters)
    if parameters.one("system") is not None and asked != "code":
        raise bad_request("'system' goes with 'code'.", "Parameters.system")
    if asked == "code" and parameters.one("system") is None and parameters.one("context") is None:
        raise bad_request("A 'code' needs its 'system'.", "Parameters.system", "required")
    value_set, known = await value_set_of(parameters, work)
    content = content_of(value_set, known)
    judged = _judged(parameters)
    if asked == "code" and parameters.one("system") is None:
        return _answer(_of_unknown_system(parameters, content, judged))
    version = parameters.one("systemVersion")
    return _answer(
        _verdict(parameters, asked, version, lambda one: in_value_set(one, content, known, judged))
    )


async def _in_code_system(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Parameters with `result`, and `message` and `display` where there is one."""
    asked = _asked(parameters)
    system = await code_system_of(parameters, work)
    judged, version = _judged(parameters), parameters.one("version")
    return _answer(_verdict(parameters, asked, version, lambda one: in_code_system(one, system, judged)))


def _asked(parameters: Parameters) -> str:
    """Which of the three forms of a coded value is given."""
    given = [name for name in ("code", "coding", "codeableConcept") if parameters.one(name) is not None]
    if not given:
        told = "One of code, coding, codeableConcept is required."
        raise bad_request(told, "Parameters.code", "required")
    if len(given) > 1:
        raise bad_request(f"Only one of {', '.join(given)} may be given.", f"Parameters.{given[1]}")
    if parameters.one("display") is not None and given != ["code"]:
        raise bad_request("'display' goes with 'code'.", "Parameters.display")
    if parameters.one("date") is not None:
        told = "Definitions are kept as they are now, not as they were: 'date' cannot be honoured."
        raise unprocessable([Issue("not-supported", told, "Parameters.date")])
    return given[0]


def _judged(parameters: Parameters) -> Judged:
    return Judged(parameters.one("abstract") is not False, parameters.one("displayLanguage"))


def _verdict(
    parameters: Parameters, asked: str, version: str | None, judge: Callable[[JsonObject], Verdict]
) -> Verdict:
    if asked == "codeableConcept":
        return of_all([judge(coding) for coding in parameters.required("codeableConcept").get("coding", ())])
    if asked == "coding":
        return judge(parameters.required("coding"))
    given = {"system": parameters.one("system"), "code": parameters.one("code"), "version": version}
    given["display"] = parameters.one("display")
    return judge({name: value for name, value in given.items() if value is not None})


def _of_unknown_system(parameters: Parameters, content: Content, judged: Judged) -> Verdict:
    """The verdict on a code in a context, whose system is the only one that has it there."""
    code = str(parameters.one("code"))
    found = content.whole().of_code(code)
    if not found:
        return Verdict(False, f"The code '{code}' is not in the value set.")
    if len(found) > 1:
        return Verdict(
            False, f"Several systems have the code '{code}' in that value set: 'system' is needed."
        )
    return judged.of(found[0], parameters.one("display"))


def _answer(verdict: Verdict) -> JsonObject:
    listed: list[JsonObject] = [{"name": "result", "valueBoolean": verdict.result}]
    if verdict.message:
        listed.append({"name": "message", "valueString": verdict.message})
    if verdict.display:
        listed.append({"name": "display", "valueString": verdict.display})
    return {"resourceType": "Parameters", "parameter": listed}


validate_code_in_value_set = Operation(
    cast(JsonObject, operation_definition("validate-code", "ValueSet")), _in_value_set
)
validate_code_in_code_system = Operation(
    cast(JsonObject, operation_definition("validate-code", "CodeSystem")), _in_code_system
)
