"""Nothing is lost and nothing happens twice while processes, database, Kafka and connections fail; what is checked
would be noticed: each promise is broken on purpose in what a real run has left.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import kafka_classpath
from tests.faults.nemesis.checker import broken
from tests.faults.nemesis.recording import ACKNOWLEDGED, REFUSED, Recording, Request
from tests.faults.nemesis.run import Run, run
from tests.faults.nemesis.world import CHANGED, Said, Version, World

SEED = 20240229
SECONDS = 20
RATE = 100


@pytest.fixture(scope="module", params=["postgresql", "kafka"])
def left(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Run]:
    """What a run of the short form left, on each broker."""
    with_kafka = request.param == "kafka"
    folder = Path(tempfile.mkdtemp(prefix="tr-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield run(
            folder,
            seed=SEED,
            seconds=SECONDS,
            rate=RATE,
            kafka_classpath=kafka_classpath(pytestconfig) if with_kafka else None,
            tell=print,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_every_promise_holds(left: Run) -> None:
    assert broken(left.recording, left.world) == []


def test_the_run_had_something_to_show(left: Run) -> None:
    kinds = {request.kind for request in left.recording.requests if request.outcome == ACKNOWLEDGED}
    assert kinds >= {"create", "update", "transaction", "$book"}
    assert left.recording.count(REFUSED) > 0
    assert any(version.visit_of for version in left.world.versions)
    assert left.recording.polled


Plant = Callable[[Recording, World], None]


def lose_an_acknowledged_write(recording: Recording, world: World) -> None:
    lost = _acknowledged(recording, "create").wrote[0]
    world.versions = [each for each in world.versions if f"{each.reference}/{each.version}" != lost]


def leave_a_gap(recording: Recording, world: World) -> None:
    next(each for each in world.versions if each.version == 2).version = 7


def give_a_version_an_earlier_time(recording: Recording, world: World) -> None:
    next(each for each in world.versions if each.version == 2).updated -= timedelta(hours=1)


def double_a_write(recording: Recording, world: World) -> None:
    world.versions.append(replace(_version_of(world, _acknowledged(recording, "create").marker), id="second"))


def double_an_effect(recording: Recording, world: World) -> None:
    visit = next(each for each in world.versions if each.visit_of)
    world.versions.append(replace(visit, id="second", version=1))


def lose_an_effect(recording: Recording, world: World) -> None:
    visit = next(each for each in world.versions if each.visit_of)
    world.versions = [each for each in world.versions if each.reference != visit.reference]


def halve_a_transaction(recording: Recording, world: World) -> None:
    marker = next(
        each.marker for each in recording.requests if len(each.types) > 1 and each.outcome == ACKNOWLEDGED
    )
    world.versions.remove(_version_of(world, marker))


def book_somebody_twice(recording: Recording, world: World) -> None:
    times: dict[str, int] = {}
    for each in world.versions:
        times[each.reference] = max(times.get(each.reference, 0), each.version)
    booked = next(each for each in world.versions if each.status == "booked" and times[each.reference] == 1)
    world.versions.append(replace(booked, id="second"))


def lose_an_event(recording: Recording, world: World) -> None:
    world.said.remove(_said_of_an_observation(world))


def say_an_event_twice(recording: Recording, world: World) -> None:
    said = _said_of_an_observation(world)
    world.said.append(replace(said, id="another", offset=10**9))


def say_events_out_of_order(recording: Recording, world: World) -> None:
    second = next(each for each in world.said if each.version == 2)
    first = next(each for each in world.said if each.subject == second.subject and each.version == 1)
    first.offset, second.offset = second.offset, first.offset


def lose_an_index_row(recording: Recording, world: World) -> None:
    world.found["Observation by quantity"].pop()


def keep_a_stale_index_row(recording: Recording, world: World) -> None:
    world.found["Patient by string"].append("Patient/gone")


def store_what_was_refused(recording: Recording, world: World) -> None:
    _acknowledged(recording, "create").outcome = REFUSED


def poll_too_little(recording: Recording, world: World) -> None:
    newest: dict[str, Version] = {}
    for each in sorted(world.versions, key=lambda each: each.version):
        if each.type == "Observation":
            newest[each.reference] = each
    missed = next(iter(newest.values()))
    recording.polled.remove(f"{missed.reference}/{missed.version}")


def hand_an_event_to_nobody(recording: Recording, world: World) -> None:
    world.taken.pop()


def keep_a_dead_letter(recording: Recording, world: World) -> None:
    world.dead_letters.append("plan_encounter: an error")


def leave_an_event_unsaid(recording: Recording, world: World) -> None:
    world.unsaid = 1


def answer_with_a_defect(recording: Recording, world: World) -> None:
    recording.requests[0].status = 500


PLANTED: dict[Plant, str] = {
    lose_an_acknowledged_write: "acknowledged_is_there",
    leave_a_gap: "versions_are_contiguous",
    give_a_version_an_earlier_time: "versions_are_contiguous",
    double_a_write: "all_or_nothing",
    double_an_effect: "one_visit_for_each_booking",
    lose_an_effect: "one_visit_for_each_booking",
    halve_a_transaction: "all_or_nothing",
    book_somebody_twice: "nobody_is_booked_twice",
    lose_an_event: "said_once_for_each_version",
    say_an_event_twice: "said_once_for_each_version",
    say_events_out_of_order: "said_in_order",
    lose_an_index_row: "searches_find_it",
    keep_a_stale_index_row: "searches_find_it",
    store_what_was_refused: "all_or_nothing",
    poll_too_little: "the_poller_missed_nothing",
    hand_an_event_to_nobody: "taken_once",
    keep_a_dead_letter: "taken_once",
    leave_an_event_unsaid: "said_once_for_each_version",
    answer_with_a_defect: "never_a_defect",
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_broken_promise_is_noticed(left: Run, plant: Plant) -> None:
    recording, world = copy.deepcopy((left.recording, left.world))
    plant(recording, world)
    found = set(broken(recording, world)) - set(broken(left.recording, left.world))
    assert any(what.startswith(f"{PLANTED[plant]}: ") for what in found), found


def _acknowledged(recording: Recording, kind: str) -> Request:
    return next(
        each
        for each in recording.requests
        if each.kind == kind and each.types == ["Observation"] and each.outcome == ACKNOWLEDGED
    )


def _version_of(world: World, marker: str) -> Version:
    return next(each for each in world.versions if each.marker == marker)


def _said_of_an_observation(world: World) -> Said:
    return next(
        each for each in world.said if each.type == CHANGED and each.subject.startswith("Observation/")
    )
