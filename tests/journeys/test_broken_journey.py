"""The same story while parts of the platform fail: what can go on does, what can't says so, and all of it arrives."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from demo.alerts import acknowledge, close_alert, see_the_alert_arrive
from demo.beginning import open_clinic, refer
from demo.booking import book, find_and_hold, refuse_the_second, see_the_visit
from demo.cast import Journey
from demo.client import Unexpected
from demo.deployment import Deployment
from demo.gate import pass_the_gate
from demo.home import (
    log_two_weeks,
    see_nothing_proposed,
    send_what_was_missing,
    suffer_a_pain_spike,
    take_the_step,
    take_the_step_back,
)
from demo.intake import answer_the_intake, answer_today, see_it_heard, see_what_is_due
from demo.journey import TREATED, Step, tell
from demo.outcome import draw_the_trend, follow_up
from demo.programme import activate, apply_the_protocol, check_the_form, see_the_news
from demo.telling import Telling
from demo.visit import check_in, examine, finish, see_what_follows, start
from tests.conftest import NewDatabase
from tests.faults.breakable import POSTGRESQL, Breakable
from tests.journeys.apart import Apart

STRUCK = (see_the_visit, see_it_heard, send_what_was_missing, see_the_alert_arrive)
"""Before these the database is killed: what the steps before have caused is still on its way."""

Down = tuple[str, Sequence[Step], Step | None]
"""A service that is down, the steps that go on without it, and the one after them that says that it can't."""
DOWN: Sequence[Down] = (
    (
        "outcomes",
        (open_clinic, refer, find_and_hold, refuse_the_second, book, see_the_visit),
        see_what_is_due,
    ),
    (
        "exercise_prescription",
        (
            see_what_is_due,
            answer_the_intake,
            see_it_heard,
            answer_today,
            check_in,
            pass_the_gate,
            start,
            examine,
        ),
        apply_the_protocol,
    ),
    ("scheduling", (activate, see_the_news, check_the_form, finish), see_what_follows),
    ("exercise_prescription", (log_two_weeks,), see_nothing_proposed),
    ("records", (send_what_was_missing,), take_the_step),
    ("session", (suffer_a_pain_spike,), see_the_alert_arrive),
    ("records", (acknowledge,), take_the_step_back),
    ("scheduling", (take_the_step_back, close_alert, follow_up, draw_the_trend), None),
)


def test_the_database_may_be_killed_in_the_midst_of_it(platform: Deployment) -> None:
    breakable = Breakable(platform)
    journey = Journey(platform.base, Telling(io.StringIO()), platform.events)
    killed = 0
    for step in TREATED.steps:
        if step in STRUCK:
            killed += breakable.kill(POSTGRESQL)
        tell(journey, step)
    journey.close()
    assert killed == len(STRUCK)


@pytest.fixture
async def dsn(new_database: NewDatabase) -> str:
    return await new_database()


@pytest.fixture
def apart(dsn: str, data_path: Path) -> Iterator[Apart]:
    platform = Apart(dsn, data_path.with_name("apart.log"))
    try:
        platform.start()
        yield platform
    finally:
        platform.stop()


def test_one_service_may_be_down_at_each_step(apart: Apart) -> None:
    journey = Journey(apart.base, Telling(io.StringIO()))
    to_come = deque(TREATED.steps)
    for service, going_on, refused in DOWN:
        next_one = going_on[0] if going_on else refused
        while to_come[0] is not next_one:
            tell(journey, to_come.popleft())
        with apart.down(service):
            for step in going_on:
                assert to_come.popleft() is step
                tell(journey, step)
            if refused is not None:
                _refuse(journey, refused)
    while to_come:
        tell(journey, to_come.popleft())
    journey.close()


def _refuse(journey: Journey, step: Step) -> None:
    """The step is told, by a client that does not ask again, that it can be done later."""
    patience = journey.patience
    for party in journey.parties:
        party.patience = 0
    with pytest.raises(Unexpected) as refusal:
        tell(journey, step)
    answer = refusal.value.answer
    assert answer is not None, refusal.value
    assert (answer.status, answer.content["resourceType"]) == (503, "OperationOutcome"), refusal.value
    assert "retry-after" in answer.headers
    for party in journey.parties:
        party.patience = patience
