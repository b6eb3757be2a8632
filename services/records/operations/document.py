"""Composition/$document: the Composition and what it names, as one Bundle that stands alone.

https://hl7.org/fhir/R4/composition-operation-document.html
https://hl7.org/fhir/R4/documents.html
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection
from typing import cast

from services.records.domain.document import Named, further, is_literal, named_by
from telerehab.fhir import json
from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import Issue, bad_request, too_costly, unprocessable
from telerehab.fhir.own_references import relative_reference
from telerehab.operation import Operation, Parameters
from telerehab.owners import owner_of
from telerehab.resource import Resource, instant
from telerehab.unit_of_work import UnitOfWork, existing

LEVELS = 3  # report → result → performer
MOST_RESOURCES = 1000


async def _document(parameters: Parameters, work: UnitOfWork) -> JsonObject | Resource:
    """The document: a Bundle, stored as one where `persist` is true; 422 naming each reference that leads nowhere."""
    if parameters.one("graph") is not None:
        told = "A document is put together as its Composition says; graphs are not supported."
        raise unprocessable([Issue("not-supported", told, "Parameters.graph")])
    composition = await _composition(parameters, work)
    named = named_by(composition.content)
    found = await _found(composition, named, work)
    lacking = [one for one in named if one.reference not in found]
    if lacking:
        raise unprocessable([_lacking(one) for one in lacking])
    content = _bundle(list(found.values()), work)
    if not parameters.one("persist"):
        return content
    return await _stored(content, list(found.values()), work)


async def _composition(parameters: Parameters, work: UnitOfWork) -> Resource:
    wanted = parameters.one("id")
    if parameters.on is not None:
        if wanted is not None:
            raise bad_request("The URL names the Composition: 'id' is not given besides.", "Parameters.id")
        return parameters.on
    if wanted is None:
        raise bad_request("Which Composition: 'id' is required.", "Parameters.id", "required")
    reference = relative_reference(str(wanted), work.engine.base_url)
    reference = reference if "/" in reference else f"Composition/{reference}"
    type_, _, id_ = reference.partition("/")
    if not is_literal(reference) or type_ != "Composition" or "/" in id_:
        told = "'id' is that of a Composition, or its URL, on this server."
        raise bad_request(told, "Parameters.id", "value")
    return existing(await work.engine.store.read(type_, id_, work.caller.access), type_, id_)


async def _found(composition: Resource, named: list[Named], work: UnitOfWork) -> dict[str, Resource]:
    """By reference, in the document's order: the Composition, what it names, level after level what that brings."""
    found = {composition.reference: composition}
    ahead = [one.reference for one in named if is_literal(one.reference)]
    for _ in range(LEVELS):
        wanted = [one for one in dict.fromkeys(ahead) if one not in found]
        if len(found) + len(wanted) > MOST_RESOURCES:
            raise too_costly(f"A document has {MOST_RESOURCES} resources at most.")
        read = await _read(wanted, work)
        found.update((one, read[one]) for one in wanted if one in read)
        ahead = [reference for one in wanted if one in read for reference in further(read[one].content)]
    return found


async def _read(references: Collection[str], work: UnitOfWork) -> dict[str, Resource]:
    """The live resources and versions among references, from all owners, as far as the caller may see them."""
    by_owner: dict[str, list[tuple[str, str]]] = {}
    versions = [one for one in references if "/_history/" in one]
    for reference in references:
        if "/_history/" not in reference:
            type_, _, id_ = reference.partition("/")
            by_owner.setdefault(owner_of(type_), []).append((type_, id_))
    answers = await asyncio.gather(*(_ask(owner, listed, work) for owner, listed in by_owner.items()))
    found = {one.reference: one for answer in answers for one in answer}
    for reference, version in zip(
        versions, await asyncio.gather(*(_version(one, work) for one in versions)), strict=True
    ):
        if version is not None:
            found[reference] = version
    return found


async def _ask(owner: str, references: list[tuple[str, str]], work: UnitOfWork) -> list[Resource]:
    if owner == work.engine.service.name:
        return await work.engine.store.read_many(references, work.caller.access)
    return await work.engine.neighbours.include(owner, references, (), (), work.caller, limit=0)


async def _version(reference: str, work: UnitOfWork) -> Resource | None:
    type_, id_, _, version = reference.split("/")
    if type_ not in work.engine.service.types:
        return await work.engine.neighbours.read(reference, work.caller)
    if not version.isdecimal() or len(version) > 9:
        return None
    found = await work.engine.store.version(type_, id_, int(version), work.caller.access)
    return None if found is None or found.deleted else found


def _lacking(one: Named) -> Issue:
    told = (
        "What this refers to is not known here: a document must hold it."
        if is_literal(one.reference)
        else "This refers to another server: a document must hold what it names."
    )
    return Issue("not-found" if is_literal(one.reference) else "not-supported", told, one.path)


def _bundle(resources: list[Resource], work: UnitOfWork) -> JsonObject:
    entries: dict[str, Resource] = {}
    for (
        one
    ) in resources:  # a version and the current one may both be named: the first stands for the resource
        entries.setdefault(one.reference, one)
    base = work.engine.base_url
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": uuid.uuid4().urn},
        "type": "document",
        "timestamp": instant(work.now),
        "entry": [{"fullUrl": f"{base}/{name}", "resource": one} for name, one in entries.items()],
    }


async def _stored(content: JsonObject, resources: list[Resource], work: UnitOfWork) -> Resource:
    plain = json.parse_object(json.dump(content))

    async def act(storing: UnitOfWork) -> Resource:
        return storing.create(plain)

    stored = await work.engine.run(work.caller, act)
    stored.patients = sorted({patient for one in resources for patient in work.engine.patients(one)})
    return stored


document = Operation(cast(JsonObject, operation_definition("document", "Composition")), _document)
