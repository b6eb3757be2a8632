"""An owner that is frozen, not dead, accepts and says nothing: nobody waits long, and what is missing is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.faults.breakable import FHIR_JSON, Breakable

FORWARDED = 10.0  # the default of TELEREHAB_FORWARD_TIMEOUT
ASKED = 5.0  # that of TELEREHAB_NEIGHBOUR_TIMEOUT
SLACK = 4.0  # seconds, on a busy machine


@pytest.fixture
def patient(platform: Breakable) -> str:
    """A Patient with an Observation at outcomes and a Goal at exercise_prescription."""
    id_ = platform.client.post("Patient", json={"resourceType": "Patient"}, headers=FHIR_JSON).json()["id"]
    subject = {"reference": f"Patient/{id_}"}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Pain"},
        "subject": subject,
    }
    goal = {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": {"text": "walk"},
        "subject": subject,
    }
    for resource in (observation, goal):
        assert platform.client.post(str(resource["resourceType"]), json=resource).status_code == 201
    return str(id_)


@pytest.fixture
def frozen(platform: Breakable, patient: str) -> Iterator[Breakable]:
    """The platform while outcomes is stopped by SIGSTOP."""
    with platform.frozen("outcomes"):
        yield platform


def timed(platform: Breakable, method: str, url: str, **given: Any) -> tuple[httpx.Response, float]:
    started = time.monotonic()
    answer = platform.client.request(method, url, **given)
    return answer, time.monotonic() - started


def told(page: Any) -> str:
    return " ".join(
        issue["diagnostics"]
        for entry in page["entry"]
        if entry["search"]["mode"] == "outcome"
        for issue in entry["resource"]["issue"]
    )


def types(page: Any) -> set[str]:
    return {entry["resource"]["resourceType"] for entry in page["entry"]}


def test_nobody_waits_long_for_a_frozen_owner(frozen: Breakable, patient: str) -> None:
    answer, seconds = timed(frozen, "GET", "Observation/x")
    assert (answer.status_code, answer.json()["resourceType"]) == (503, "OperationOutcome")
    assert "retry-after" in answer.headers
    assert seconds < FORWARDED + SLACK

    gets = [{"request": {"method": "GET", "url": f"Observation/{number}"}} for number in range(20)]
    gets.append({"request": {"method": "GET", "url": f"Patient/{patient}"}})
    answer, seconds = timed(
        frozen, "POST", "", json={"resourceType": "Bundle", "type": "batch", "entry": gets}
    )
    statuses = [entry["response"]["status"][:3] for entry in answer.json()["entry"]]
    assert statuses == ["503"] * 20 + ["200"]
    assert seconds < FORWARDED + SLACK

    answer, seconds = timed(frozen, "GET", f"Patient/{patient}/$everything")
    assert types(answer.json()) == {"Patient", "Goal", "OperationOutcome"}
    assert "outcomes" in told(answer.json())
    assert seconds < ASKED + SLACK

    includes = {"_id": patient, "_revinclude": ["Observation:subject", "Goal:subject"]}
    answer, seconds = timed(frozen, "GET", "Patient", params=includes)
    assert types(answer.json()) == {"Patient", "Goal", "OperationOutcome"}
    assert "outcomes" in told(answer.json())
    assert seconds < ASKED + SLACK


def test_a_thawed_owner_answers_again(platform: Breakable, patient: str) -> None:
    with platform.frozen("outcomes"):
        pass
    platform.until_serving()
    found = platform.client.get("Patient", params={"_id": patient, "_revinclude": "Observation:subject"})
    assert types(found.json()) == {"Patient", "Observation"}
