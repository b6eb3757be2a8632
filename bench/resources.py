"""The resources of a run: Observations shaped like Synthea's, of as many patients as give each about fifty."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject

OF_A_PATIENT = 50
PANEL = 10  # every so many-th Observation has the two before it as its members
FIRST_DAY = datetime(2016, 1, 1, tzinfo=UTC)
DAYS = 3650
NUMBERED = "http://bench.example/number"
FAMILIES = 997
_SYNTHEA = Path(__file__).parent.parent / "tests" / "data" / "synthea-r4-transactions.ndjson.gz"


def synthea() -> list[bytes]:
    """Whole patients as transaction Bundles, as a hospital sends them."""
    with gzip.open(_SYNTHEA, "rb") as lines:
        return [line.strip() for line in lines]


def observations(count: int, seed: int = 1, first: int = 0) -> Iterator[JsonObject]:
    """Observations `number-<first>` up to `count`, codes as frequent as in the real data."""
    chance = random.Random(seed + first)
    templates = _templates("Observation")
    for number in range(first, count):
        moment = FIRST_DAY + timedelta(seconds=chance.randrange(DAYS * 86400))
        yield {
            **chance.choice(templates),
            "id": id_of(number),
            "identifier": [{"system": NUMBERED, "value": str(number)}],
            "subject": {"reference": f"Patient/{patient(chance.randrange(patients(count)))}"},
            "encounter": {"reference": f"Encounter/encounter-{number // 3}"},
            "effectiveDateTime": moment.isoformat(),
            "issued": moment.isoformat(timespec="milliseconds"),
            **_members(number),
        }


def people(count: int, first: int = 0) -> Iterator[JsonObject]:
    """Patients `patient-<first>` up to `count`; a thousandth of them shares a family name."""
    templates = _templates("Patient")
    for number in range(first, count):
        name = {"family": f"{family(number)}", "given": [f"Given{number % 89}"]}
        born = FIRST_DAY - timedelta(days=6000 + number * 37 % 25000)
        yield {
            **templates[number % len(templates)],
            "id": patient(number),
            "identifier": [{"system": NUMBERED, "value": str(number)}],
            "name": [name],
            "birthDate": f"{born:%Y-%m-%d}",
        }


def patients(count: int) -> int:
    """Of how many patients so many Observations are."""
    return max(1, count // OF_A_PATIENT)


def patient(number: int) -> str:
    return f"patient-{number}"


def family(number: int) -> str:
    return f"Family{number % FAMILIES}"


def id_of(number: int) -> str:
    return f"number-{number}"


def _members(number: int) -> JsonObject:
    if number % PANEL or number < PANEL:
        return {}
    return {"hasMember": [{"reference": f"Observation/{id_of(number - back)}"} for back in (1, 2)]}


def _templates(type_: str) -> list[JsonObject]:
    """Every resource of a type in the Synthea bundles, with its meta where it belongs."""
    entries = (entry for bundle in synthea() for entry in json.parse_object(bundle)["entry"])
    found = (entry["resource"] for entry in entries)
    return [
        {
            "resourceType": type_,
            "id": "",
            "meta": resource.get("meta", {"tag": [{"code": "bench"}]}),
            **resource,
        }
        for resource in found
        if resource["resourceType"] == type_
    ]
