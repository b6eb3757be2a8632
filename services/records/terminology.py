"""The definitions that a question about codes rests on, as far as the caller may see them.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, bad_request, too_costly
from telerehab.fhir.terminology.archive import published
from telerehab.fhir.terminology.code_system import CodeSystem
from telerehab.fhir.terminology.context import bound_at
from telerehab.fhir.terminology.known import Known, names_in, split
from telerehab.fhir.terminology.systems import unknown_system, unknown_value_set
from telerehab.operation import Parameters
from telerehab.unit_of_work import UnitOfWork

Json = Mapping[str, Any]
Name = tuple[str, str]
"""Type and canonical url."""

MOST_DEFINITIONS = 200


async def known_for(work: UnitOfWork, names: Iterable[Name], given: Iterable[Json] = ()) -> Known:
    """What resolves `names`, the names in `given` resources, and all that those rest on."""
    stored = list(given)
    ahead = {*names, *(name for resource in stored for name in names_in(resource))}
    seen: set[Name] = set()
    while ahead:
        seen |= ahead
        if len(seen) > MOST_DEFINITIONS:
            raise too_costly(f"It rests on more than {MOST_DEFINITIONS} code systems and value sets.")
        found = [one for type_ in ("CodeSystem", "ValueSet") for one in await _stored(work, type_, ahead)]
        stored += found
        fixed = (published("ValueSet", url) for type_, url in ahead if type_ == "ValueSet")
        ahead = {name for one in (*found, *fixed) if one is not None for name in names_in(one)} - seen
    return Known(stored)


async def _stored(work: UnitOfWork, type_: str, names: Iterable[Name]) -> list[JsonObject]:
    urls = sorted({url for named, url in names if named == type_ and url})
    if not urls:
        return []
    found = await work.search(f"{type_}?{urlencode({'url': ','.join(map(_escaped, urls))})}")
    return [one.content for one in found]


def _escaped(url: str) -> str:
    return re.sub(r"([,|$\\])", r"\\\1", url)


async def value_set_of(parameters: Parameters, work: UnitOfWork) -> tuple[Json, Known]:
    """The ValueSet that an operation is about: that of its URL, or of `url`, `valueSet` or `context`."""
    given = _only_one(parameters, ("url", "valueSet", "context"))
    version = parameters.one("valueSetVersion")
    if parameters.on is not None:
        if version not in (None, parameters.on.content.get("version")):
            raise unknown_value_set(parameters.on.reference, "Parameters.valueSetVersion", version)
        return parameters.on.content, await known_for(work, (), [parameters.on.content])
    if given == "valueSet":
        inline = _valid(parameters.required("valueSet"), work, "valueSet")
        return inline, await known_for(work, (), [inline])
    url = str(parameters.one("url")) if given == "url" else _bound(str(parameters.one("context")))
    url, _, named = url.partition("|")
    version = version or named or None
    known = await known_for(work, [("ValueSet", url)])
    found = known.value_set(url, version)
    if found is None:
        raise unknown_value_set(url, f"Parameters.{given}", version)
    return found, known


async def code_system_of(parameters: Parameters, work: UnitOfWork) -> CodeSystem:
    """The CodeSystem that $validate-code is about: that of its URL, or of `url` or `codeSystem`."""
    given = _only_one(parameters, ("url", "codeSystem"))
    if parameters.on is not None:
        return CodeSystem(parameters.on.content)
    if given == "codeSystem":
        return CodeSystem(_valid(parameters.required("codeSystem"), work, "codeSystem"))
    return await system_named(str(parameters.one("url")), parameters.one("version"), work, "url")


async def system_named(canonical: str, version: str | None, work: UnitOfWork, parameter: str) -> CodeSystem:
    """The code system with a canonical; 404 where it is unknown, 422 where it is one that is not loaded."""
    url, named = split(canonical)
    known = await known_for(work, [("CodeSystem", url)])
    found = known.code_system(url, version or named)
    if found is None:
        raise unknown_system(url, f"Parameters.{parameter}", version or named)
    return found


def _only_one(parameters: Parameters, names: tuple[str, ...]) -> str:
    """Which of the parameters that name a definition is given: one, or none where the URL names it."""
    given = [name for name in names if parameters.one(name) is not None]
    if parameters.on is not None:
        if given:
            told = f"The URL names the {parameters.on.type}: '{given[0]}' is not given besides."
            raise bad_request(told, f"Parameters.{given[0]}")
        return ""
    if not given:
        raise bad_request(f"One of {', '.join(names)} is required.", f"Parameters.{names[0]}", "required")
    if len(given) > 1:
        raise bad_request(f"Only one of {', '.join(given)} may be given.", f"Parameters.{given[1]}")
    return given[0]


def _valid(resource: JsonObject, work: UnitOfWork, parameter: str) -> JsonObject:
    issues = [one for one in work.engine.validate(resource) if one.severity in ("error", "fatal")]
    if issues:
        raise FhirError(400, [one.at(f"Parameters.{parameter}") for one in issues])
    return resource


def _bound(context: str) -> str:
    url = bound_at(context)
    if url is None:
        told = (
            "That context is not known: it is written as [StructureDefinition url]#[path], of R4's own types."
        )
        raise bad_request(told, "Parameters.context", "not-supported")
    return url
