"""The input of an operation, read and checked by its OperationDefinition.

https://hl7.org/fhir/R4/operations.html#request
https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from telerehab.fhir import json
from telerehab.fhir.definitions import resource_types
from telerehab.fhir.json import JsonError, JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.fhir.validation import validate
from telerehab.operation import Parameters
from telerehab.resource import Resource
from telerehab.server.request import FhirRequest

_HTTP_LAYER = frozenset({"_format", "_pretty"})
_PLACE = re.compile(r"Parameters\.parameter\[(\d+)\]")
_ANY_RESOURCE = frozenset({"Resource", "DomainResource", "Any"})
Definitions = Sequence[JsonObject]


def parse_parameters(
    request: FhirRequest, definition: JsonObject, on: Resource | None, *, searches: bool = False
) -> Parameters:
    """What the caller gave; 400 with an issue for each parameter that is unknown, lacking or of another type.

    With `searches` those that the definition does not have are search parameters.
    """
    inputs = [one for one in definition.get("parameter", ()) if one["use"] == "in"]
    given = [*_from_url(request, inputs), *_from_body(request, inputs)]
    search, given = _search_parameters(given, inputs) if searches else ((), given)
    simple = _without_resources(given)
    issues = [_by_name(issue, simple, inputs) for issue in validate(simple)]
    if issues:
        raise FhirError(400, issues)
    values = _read(inputs, given, "Parameters", issues)
    if issues:
        raise FhirError(400, issues)
    return Parameters(values, on, request.path[0] if len(request.path) > 1 else "", search)


def _search_parameters(
    given: Sequence[Any], inputs: Definitions
) -> tuple[tuple[tuple[str, str], ...], list[Any]]:
    """The search parameters among what is given, which have simple values, and the rest."""
    own = {one["name"] for one in inputs}
    search: list[tuple[str, str]] = []
    rest: list[Any] = []
    for one in given:
        name = one.get("name") if isinstance(one, dict) else None
        values = [value for key, value in one.items() if key.startswith("value")] if name else []
        if isinstance(name, str) and name not in own and len(values) == 1 and isinstance(values[0], str):
            search.append((name, values[0]))
        else:
            rest.append(one)
    return tuple(search), rest


def _from_url(request: FhirRequest, inputs: Definitions) -> list[JsonObject]:
    """Simple parameters as they may stand in the URL."""
    types = {one["name"]: one.get("type", "") for one in inputs}
    given: list[JsonObject] = []
    for name, text in request.query:
        if name in _HTTP_LAYER and name not in types:
            continue
        type_ = types.get(name, "string")
        if type_[:1].isupper() or type_ == "":
            told = f"'{name}' is no simple value: it is sent in the body of a POST."
            raise FhirError(405, [Issue("not-supported", told, f"Parameters.{name}")], {"Allow": "POST"})
        given.append({"name": name, f"value{type_[:1].upper()}{type_[1:]}": _value(type_, text)})
    return given


def _value(type_: str, text: str) -> Any:
    """A simple value from its text; what cannot be one stays text, for validation to refuse."""
    if type_ == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if type_ in ("integer", "positiveInt", "unsignedInt", "decimal"):
        try:
            number = json.parse(text)
        except JsonError:
            return text
        return number if isinstance(number, json.Number | int) and not isinstance(number, bool) else text
    return text


def _from_body(request: FhirRequest, inputs: Definitions) -> list[Any]:
    """A Parameters resource, or a bare resource where the definition has exactly one parameter for it."""
    if request.method != "POST" or not request.body:
        return []
    content = request.content()
    if content["resourceType"] == "Parameters":
        listed = content.get("parameter", [])
        if not isinstance(listed, list):
            raise bad_request("Parameters.parameter is a list.", "Parameters.parameter", "structure")
        return listed
    takers = [one for one in inputs if _is_resource(one.get("type", ""))]
    if len(takers) != 1:
        raise bad_request("The body must be a Parameters resource.", "resourceType", "structure")
    return [{"name": takers[0]["name"], "resource": content}]


def _without_resources(given: Sequence[Any]) -> JsonObject:
    """Parameters without the resources among them: whether those are valid is the operation's to judge."""
    kept = [one for one in given if not (isinstance(one, dict) and isinstance(one.get("resource"), dict))]
    return {"resourceType": "Parameters", "parameter": kept} if kept else {"resourceType": "Parameters"}


def _by_name(issue: Issue, parameters: JsonObject, inputs: Definitions) -> Issue:
    """The issue, located by the parameter's name where it is one of the operation's, for a URL has no places."""
    match = _PLACE.match(issue.expression or "")
    given = parameters.get("parameter", ())
    name = given[int(match[1])].get("name") if match and isinstance(given[int(match[1])], dict) else None
    if match is None or name not in {one["name"] for one in inputs}:
        return issue
    where = f"Parameters.parameter.where(name='{name}')" + (issue.expression or "")[match.end() :]
    return replace(issue, expression=where)


def _read(
    inputs: Definitions, given: Iterable[JsonObject], where: str, issues: list[Issue]
) -> dict[str, list[Any]]:
    """Values by name; what is wrong goes to `issues`."""
    known = {one["name"]: one for one in inputs}
    values: dict[str, list[Any]] = {}
    for parameter in given:
        name = parameter.get("name")
        if not isinstance(name, str) or name not in known:
            named = f" '{name[:64]}'" if isinstance(name, str) else ""
            issues.append(Issue("not-supported", f"There is no parameter{named} here.", where))
            continue
        values.setdefault(name, []).append(_one(known[name], parameter, f"{where}.{name}", issues))
    for name, definition in known.items():
        count, most = len(values.get(name, ())), definition["max"]
        if count < definition["min"]:
            issues.append(Issue("required", f"The parameter '{name}' is required.", f"{where}.{name}"))
        elif most != "*" and count > int(most):
            issues.append(
                Issue("too-many", f"'{name}' may be given {most} times at most.", f"{where}.{name}")
            )
    return values


def _one(definition: JsonObject, parameter: JsonObject, where: str, issues: list[Issue]) -> Any:
    """One value: JSON for what has a type, `Parameters` for what has parts."""
    type_ = definition.get("type")
    if type_ is None:
        return Parameters(_read(definition.get("part", ()), parameter.get("part", ()), where, issues))
    if _is_resource(type_):
        resource = parameter.get("resource")
        if isinstance(resource, dict) and type_ in (*_ANY_RESOURCE, resource.get("resourceType")):
            return resource
        issues.append(Issue("invalid", f"The parameter is a resource ({type_}).", where))
        return None
    key = f"value{type_[:1].upper()}{type_[1:]}"
    if key not in parameter:
        issues.append(Issue("invalid", f"The parameter has a {key}.", where))
    return parameter.get(key)


def _is_resource(type_: str) -> bool:
    return type_ in _ANY_RESOURCE or type_ in resource_types()
