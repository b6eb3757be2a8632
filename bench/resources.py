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
FIRST_DAY = datetime(2016, 1, 1, tzinfo=UTC)
DAYS = 3650
NUMBERED = "http://bench.example/number"
_SYNTHEA = Path(__file__).parent.parent / "tests" / "data" / "synthea-r4-transactions.ndjson.gz"


def synthea() -> list[bytes]:
    """Whole patients as transaction Bundles, as a hospital sends them."""
    with gzip.open(_SYNTHEA, "rb") as lines:
        return [line.strip() for line in lines]


def observations(count: int, seed: int = 1) -> Iterator[JsonObject]:
    """Observations `Observation/number-0` and on, codes as frequent as in the real data."""
    chance = random.Random(seed)
    templates = _templates()
    for number in range(count):
        moment = FIRST_DAY + timedelta(seconds=chance.randrange(DAYS * 86400))
        yield {
            **chance.choice(templates),
            "id": id_of(number),
            "identifier": [{"system": NUMBERED, "value": str(number)}],
            "subject": {"reference": f"Patient/{patient(chance.randrange(patients(count)))}"},
            "encounter": {"reference": f"Encounter/encounter-{number // 3}"},
            "effectiveDateTime": moment.isoformat(),
            "issued": moment.isoformat(timespec="milliseconds"),
        }


def patients(count: int) -> int:
    """Of how many patients so many Observations are."""
    return max(1, count // OF_A_PATIENT)


def patient(number: int) -> str:
    return f"patient-{number}"


def id_of(number: int) -> str:
    return f"number-{number}"


def _templates() -> list[JsonObject]:
    """Every Observation of the Synthea bundles, with its meta where it belongs."""
    entries = (entry for bundle in synthea() for entry in json.parse_object(bundle)["entry"])
    found = (entry["resource"] for entry in entries)
    return [
        {"resourceType": "Observation", "id": "", "meta": resource["meta"], **resource}
        for resource in found
        if resource["resourceType"] == "Observation"
    ]
