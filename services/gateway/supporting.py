"""What a patient's resources refer to and no patient owns: practitioners, organizations, places, medications …

https://hl7.org/fhir/R4/operation-patient-everything.html
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from services.gateway.gateway import Gateway
from telerehab.access import Caller
from telerehab.fhir.definitions.compartment import patient_compartment
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.outcome import FhirError
from telerehab.owners import owner_of
from telerehab.resource import Resource
from telerehab.rpc.owner import Owner

LEVELS = 3  # Encounter → PractitionerRole → Organization
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?=/_history/|$)")


async def supporting(
    gateway: Gateway, caller: Caller, resources: Iterable[Resource], types: Collection[str]
) -> tuple[list[Resource], list[FhirError]]:
    """The resources referred to, of `types` only if there are any; and what was refused by owners that are down."""
    known = {resource.reference for resource in resources}
    level, found, missing = list(resources), list[Resource](), list[FhirError]()
    for _ in range(LEVELS):
        wanted = {reference for resource in level for reference in references(resource.content)} - known
        wanted = {one for one in wanted if not types or one.partition("/")[0] in types}
        if not wanted:
            break
        known |= wanted
        level, down = await _read(gateway, caller, sorted(wanted))
        found += level
        missing += down
    return found, missing


def references(content: Any) -> Iterator[str]:
    """The literal references ("Practitioner/1") to resources of types that belong to no patient."""
    if isinstance(content, list):
        for item in content:
            yield from references(item)
    elif isinstance(content, dict):
        reference = content.get("reference")
        match = _LOCAL.match(reference) if isinstance(reference, str) else None
        if match and _is_shared(match[1]):
            yield match[0]
        for value in content.values():
            if isinstance(value, dict | list):
                yield from references(value)


def _is_shared(type_: str) -> bool:
    return type_ in resource_types() and type_ != "Patient" and not patient_compartment().get(type_)


async def _read(
    gateway: Gateway, caller: Caller, wanted: Iterable[str]
) -> tuple[list[Resource], list[FhirError]]:
    by_owner: dict[str, list[str]] = {}
    for reference in wanted:
        by_owner.setdefault(owner_of(reference.partition("/")[0]), []).append(reference)
    answers = await asyncio.gather(
        *(_ask(gateway.neighbours.owner(name), listed, caller) for name, listed in by_owner.items())
    )
    found = [one for answer in answers if not isinstance(answer, FhirError) for one in answer]
    return found, [answer for answer in answers if isinstance(answer, FhirError)]


async def _ask(owner: Owner, references: list[str], caller: Caller) -> list[Resource] | FhirError:
    try:
        return await owner.read(references, caller)
    except FhirError as error:
        if error.status in (503, 504):
            return error
        raise
