"""The main job on real input: the journey that `make demo` tells, and what has to be true behind it."""

from __future__ import annotations

import io
import subprocess
import sys
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from demo.cast import Journey
from demo.deployment import Deployment, deployed
from demo.journey import STEPS, play
from demo.telling import Telling

ROOT = Path(__file__).parents[2]
SAID = {
    "AppointmentBooked": 2,
    "AppointmentRescheduled": 1,
    "AppointmentCancelled": 1,
    "SessionCheckedIn": 1,
    "SessionStarted": 1,
    "SessionFinished": 1,
    "RedFlagScreened": 2,
    "SafetyAlertRaised": 1,
}
COMMITTED_WITH_THE_ALERT = """
    SELECT type FROM outcomes.resource WHERE xmin::text = (
        SELECT xmin::text FROM outcomes.resource WHERE type = 'DetectedIssue' AND 'Patient/' || patients[1] = $1)
"""


@pytest.mark.parametrize("separate", [True, False], ids=["separate processes", "one process"])
def test_the_journey_comes_true(separate: bool, request: pytest.FixtureRequest, data_path: Path) -> None:
    if separate:
        tell_of(request.getfixturevalue("platform"))
    else:
        with deployed(data_path, separate=False) as together:
            tell_of(together)


def tell_of(platform: Deployment) -> None:
    story = io.StringIO()
    journey = Journey(platform.base, Telling(story), platform.events)
    before = platform.events()
    play(journey)
    assert story.getvalue().count("✓") == len(STEPS) == 17
    assert "✗" not in story.getvalue()
    said = platform.events() - before
    assert said.pop("ResourceChanged") == len(journey.made)
    assert said == Counter(SAID)


async def test_an_alert_is_committed_with_the_answer_that_raised_it(platform: Deployment) -> None:
    journey = Journey(platform.base, Telling(io.StringIO()))
    play(journey)
    connection = await asyncpg.connect(platform.dsn)
    try:
        rows = await connection.fetch(COMMITTED_WITH_THE_ALERT, journey.patient)
    finally:
        await connection.close()
    assert sorted(row["type"] for row in rows) == ["DetectedIssue", "QuestionnaireResponse", "Task"]


def test_a_step_that_fails_is_shown_with_request_status_and_outcome(platform: Deployment) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "demo", "--base", f"{platform.base}/Nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert f"POST {platform.base}/Nowhere/" in told.stdout
    assert "404 instead of 200" in told.stdout
    assert "error  not-supported" in told.stdout
    assert "ended at step 1" in told.stdout


def test_a_server_that_does_not_answer_is_said_so() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "demo", "--base", "http://127.0.0.1:9/fhir/R4"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "no answer (ConnectError)" in told.stdout
