"""The platform told by Kafka instead of PostgreSQL: a booked visit comes to be, and operators see how events are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.deployment import deployed
from telerehab import canonical, identity
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from tests.faults.breakable import Breakable, until

START = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)


@pytest.fixture(scope="module")
def environment(kafka: str) -> dict[str, str]:
    return {"TELEREHAB_KAFKA": kafka, "TELEREHAB_KAFKA_PREFIX": f"{identity.new_id()}."}


@pytest.fixture(scope="module")
def platform(short_folder: Path, environment: dict[str, str]) -> Iterator[Breakable]:
    assert "telerehab.safety  3 partitions" in _telerehab(environment, "topics")
    with deployed(short_folder / "kafka-journey", separate=False, settings=environment) as running:
        yield Breakable(running)


def test_a_booked_visit_is_planned_and_its_cancellation_heard(
    platform: Breakable, environment: dict[str, str]
) -> None:
    appointment = _booked(platform)
    visit = canonical.extension_value(appointment, canonical.VISIT_ENCOUNTER) or {}
    encounter = visit["reference"]
    until(lambda: _status(platform, encounter) == "planned", "the visit")
    cancelled = {**appointment, "status": "cancelled"}
    answer = platform.client.put(f"Appointment/{appointment['id']}", content=json.dump(cancelled))
    assert answer.status_code == 200, answer.text
    until(lambda: _status(platform, encounter) == "cancelled", "its cancellation")
    assert platform.rows("SELECT FROM broker.log") == []
    own = {**environment, "TELEREHAB_DATA": str(platform.deployment.data)}
    until(lambda: "  0 behind of" in _lag(own, "session  telerehab.scheduling"), "everything to be taken")
    assert _telerehab(own, "dead-letters") == ""


def _booked(platform: Breakable) -> JsonObject:
    people = [_made(platform, "Patient"), _made(platform, "Practitioner")]
    wanted = {
        "resourceType": "Appointment",
        "status": "proposed",
        "start": utc(START),
        "end": utc(START + timedelta(minutes=30)),
        "participant": [{"actor": {"reference": each}, "status": "accepted"} for each in people],
    }
    parameters = {"name": "appointment-resource", "resource": wanted}
    body = {"resourceType": "Parameters", "parameter": [parameters]}
    answer = platform.client.post("Appointment/$book", content=json.dump(body))
    assert answer.status_code == 200, answer.text
    appointment: JsonObject = json.parse_object(answer.content)["entry"][0]["resource"]
    return appointment


def _made(platform: Breakable, type_: str) -> str:
    answer = platform.client.post(type_, content=json.dump({"resourceType": type_}))
    return f"{type_}/{json.parse_object(answer.content)['id']}"


def _status(platform: Breakable, reference: str) -> str | None:
    answer = platform.client.get(reference)
    return str(json.parse_object(answer.content)["status"]) if answer.status_code == 200 else None


def _lag(environment: dict[str, str], begins: str) -> str:
    return next(line for line in _telerehab(environment, "lag").splitlines() if line.startswith(begins))


def _telerehab(environment: dict[str, str], *arguments: str) -> str:
    """What `telerehab events ...` says."""
    done = subprocess.run(
        [sys.executable, "-m", "telerehab.cli", "events", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
