"""The main job on real input: the stories that `make demo` tells, and what has to be true behind them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from demo.cast import Journey
from demo.deployment import Deployment, deployed
from demo.journey import STOPPED, TREATED, tell
from demo.stopped import answer_with_a_danger_sign, meet_another
from demo.telling import Telling
from tests.journeys.emitted import played

ROOT = Path(__file__).parents[2]
SAID: dict[str, dict[str, int]] = {
    TREATED.title: {
        "AppointmentBooked": 2,
        "AppointmentRescheduled": 1,
        "AppointmentCancelled": 1,
        "SessionCheckedIn": 1,
        "SessionStarted": 1,
        "SessionFinished": 1,
        "RedFlagScreened": 1,
        "ScoreRecorded": 7,
        "ProgrammeChanged": 3,
        "ExerciseLogged": 35,
        "SafetyAlertRaised": 1,
        "SafetyAlertAcknowledged": 1,
    },
    STOPPED.title: {
        "AppointmentBooked": 1,
        "AppointmentCancelled": 1,
        "SessionCheckedIn": 1,
        "RedFlagScreened": 1,
        "SafetyAlertRaised": 1,
        "SafetyAlertEscalated": 1,
        "SafetyAlertAcknowledged": 1,
    },
}
COMMITTED_WITH_THE_ALERT = """
    SELECT type FROM outcomes.resource WHERE xmin::text = (
        SELECT xmin::text FROM outcomes.resource WHERE type = 'DetectedIssue' AND 'Patient/' || patients[1] = $1)
"""


@pytest.fixture(params=["separate processes", "one process"])
def running(request: pytest.FixtureRequest, data_path: Path) -> Iterator[Deployment]:
    if request.param == "separate processes":
        yield request.getfixturevalue("platform")
    else:
        with deployed(data_path, separate=False) as together:
            yield together


def test_the_stories_come_true(running: Deployment) -> None:
    for one in played(running):
        assert one.told.count("✓") == len(one.story.steps)
        assert "✗" not in one.told
        said = dict(one.said)
        assert said.pop("ResourceChanged") == len(one.journey.made)
        assert said == SAID[one.story.title]


async def test_an_alert_is_committed_with_the_answer_that_raised_it(platform: Deployment) -> None:
    journey = Journey(platform.base, Telling(io.StringIO()))
    for step in (meet_another, answer_with_a_danger_sign):
        tell(journey, step)
    journey.close()
    connection = await asyncpg.connect(platform.dsn)
    try:
        rows = await connection.fetch(COMMITTED_WITH_THE_ALERT, journey.patient)
    finally:
        await connection.close()
    assert sorted(row["type"] for row in rows) == ["DetectedIssue", "QuestionnaireResponse", "Task", "Task"]


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
