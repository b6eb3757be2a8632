"""`telerehab events`, run as an operator runs it, on dead letters in a real database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from telerehab import identity
from telerehab.events.brokers.broker import Record
from telerehab.events.brokers.postgres import PostgresBroker
from telerehab.events.database import Database
from telerehab.events.dead_letter import DeadLetters
from telerehab.running.assembly import services
from telerehab.store.migrate import migrate


def events(dsn: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telerehab.cli", "events", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "TELEREHAB_DATABASE_URL": dsn, **environment},
    )


@pytest.fixture(scope="module")
async def dsn(new_database: Callable[..., Awaitable[str]]) -> str:
    made = await new_database(name="events_command")
    await migrate(made, list(services().values()))
    return made


@pytest.fixture
async def letters(dsn: str) -> AsyncIterator[DeadLetters]:
    """The dead letters of session."""
    database = await Database(dsn).open()

    yield DeadLetters(database, "session")
    await database.close()


def record() -> Record:
    headers = {"ce_type": "telerehab.events.v1.AppointmentBooked"}
    return Record(identity.new_id(), "telerehab.scheduling", b"k", headers, b"a payload")


async def test_dead_letters_are_shown_without_what_they_hold_then_replayed_and_discarded(
    dsn: str, letters: DeadLetters
) -> None:
    dead = record()
    await letters.add("plan_encounter", dead, state="dead", error="KeyError; x.py:1", after=0, failures=6)
    shown = events(dsn, "dead-letters").stdout
    assert shown.count("\n") == 1
    service, id_, *columns = shown.split()
    assert service == "session"
    assert columns[:3] == ["plan_encounter", "dead", "6"]
    assert {"AppointmentBooked", dead.id, "x.py:1"} <= set(columns)
    assert "payload" not in shown

    assert events(dsn, "replay", "session", id_).stdout == "1 to be tried again\n"
    (letter,) = await letters.all()
    assert (letter.state, letter.failures) == ("retrying", 0)

    assert events(dsn, "discard", "session", id_, "999").stdout == "1 given up\n"
    assert await letters.all() == []


def test_lag_names_what_waits_in_the_outbox_and_before_each_group(dsn: str) -> None:
    lines = events(dsn, "lag", "session").stdout.splitlines()
    assert lines[0] == "session  outbox  0 waiting, the oldest for 0 s"
    assert "session  telerehab.scheduling  0 behind of 0" in lines


async def test_tail_shows_what_was_said_and_not_what_it_holds(dsn: str) -> None:
    said = record()
    headers = {**said.headers, "ce_source": "urn:telerehab:scheduling", "ce_subject": "Appointment/a1"}
    database = await Database(dsn).open()
    async with PostgresBroker(database).running() as broker:
        await broker.publish("scheduling", 1, [Record(said.id, said.topic, b"k", headers, b"a payload")])
    await database.close()
    shown = events(dsn, "tail", "scheduling", "--from-beginning", "--count", "1")
    assert shown.stdout == f"-  telerehab.scheduling  {said.id}  AppointmentBooked  Appointment/a1\n"
    assert shown.returncode == 0


def test_a_projection_is_rebuilt_and_a_reaction_is_not(dsn: str) -> None:
    assert events(dsn, "rebuild", "session", "join_patients").stdout == "0 events read\n"
    unknown = events(dsn, "rebuild", "session", "x")
    assert unknown.returncode == 1
    assert "join_patients" in unknown.stderr
    refused = events(dsn, "rebuild", "session", "plan_encounter")
    assert refused.returncode == 1
    assert "a reaction" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "says"),
    [
        (["topics"], {}, 2, "TELEREHAB_KAFKA is not set"),
        (["topics"], {"TELEREHAB_KAFKA": "127.0.0.1:1"}, 1, "the broker can't be reached"),
        (["topics"], {"TELEREHAB_KAFKA": "nowhere"}, 2, "should be host:port"),
        (["topics"], {"TELEREHAB_KAFKA_SECURITY": "SASL_SSL"}, 2, "needs TELEREHAB_KAFKA_USER"),
        (["discard", "session", "x"], {}, 2, "invalid int value"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    dsn: str, arguments: list[str], environment: dict[str, str], status: int, says: str
) -> None:
    result = events(dsn, *arguments, **environment)
    assert result.returncode == status
    assert says in result.stderr.splitlines()[-1]
