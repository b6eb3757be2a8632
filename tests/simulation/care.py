"""The work that is simulated: two services that hear each other, and clients that append marks to records.

A client appends a mark to a Task of `outcomes`, which says so; `session` notes each mark, keeps the list of marks of
each Task, and says so in turn; `outcomes` hears that and keeps a list as well. So a lost, doubled or overtaken write
or event shows in a list.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from telerehab.event import Event, Handler, Lacking
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised, ScoreRecorded
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionStarted
from telerehab.resource import Resource
from telerehab.service import Service
from telerehab.unit_of_work import UnitOfWork

FLAKY_TRIES = 2
LACKING_SECONDS = 3.0


class Care:
    """Services whose handlers fail for the marks that say so: "p" until `healed`, "f" twice, "l" for a while."""

    def __init__(self) -> None:
        self.healed = False
        self._tries: Counter[str] = Counter()

    def services(self) -> list[Service]:
        return [
            Service("outcomes", handlers=[Handler("echo", SessionStarted, self.echo)]),
            Service(
                "session",
                handlers=[
                    Handler("note", ScoreRecorded, self.note),
                    Handler("tally", ScoreRecorded, self.tally),
                    Handler("alarm", SafetyAlertRaised, self.note),
                ],
            ),
        ]

    async def note(self, event: Event[Any], work: UnitOfWork) -> None:
        """A reaction: something of its own for each event."""
        mark = getattr(event.message, "observation_id", "") or event.message.task_id
        work.create(communication(work.derived_id(), mark))

    async def tally(self, event: Event[Any], work: UnitOfWork) -> None:
        """What depends on the order within a key, and says something in turn."""
        mark = event.message.observation_id
        self._fail(mark)
        listed = await appended(work, communication(event.subject.partition("/")[2], mark))
        work.emit(SessionStarted(encounter_id=mark), listed)

    async def echo(self, event: Event[Any], work: UnitOfWork) -> None:
        key = event.subject.partition("/")[2]
        await appended(work, task(f"echo-{key}", event.message.encounter_id))

    def _fail(self, mark: str) -> None:
        self._tries[mark] += 1
        if mark.endswith("p") and not self.healed:
            raise ValueError
        if mark.endswith("f") and self._tries[mark] <= FLAKY_TRIES:
            raise ValueError
        if mark.endswith("l") and asyncio.get_running_loop().time() < LACKING_SECONDS:
            raise Lacking


async def record(work: UnitOfWork, key: str, mark: str, *, alarming: bool) -> UnitOfWork:
    """What a client wants: one more mark."""
    listed = await appended(work, task(key, mark))
    work.emit(ScoreRecorded(observation_id=mark), listed)
    if alarming:
        work.emit(SafetyAlertRaised(task_id=mark), listed)
    return work


async def appended(work: UnitOfWork, content: dict[str, Any]) -> Resource:
    """The resource with the mark that `content` has put behind those that are there."""
    there = await work.current(content["resourceType"], content["id"])
    if there is not None:
        content = {**content, "meta": {"tag": [*there.content["meta"]["tag"], *content["meta"]["tag"]]}}
    return await work.put(content)


def marks(resource: Any) -> list[str]:
    return [tag["code"] for tag in resource["meta"]["tag"]]


def task(id_: str, mark: str) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "id": id_,
        "meta": {"tag": [{"code": mark}]},
        "status": "requested",
        "intent": "order",
    }


def communication(id_: str, mark: str) -> dict[str, Any]:
    return {
        "resourceType": "Communication",
        "id": id_,
        "meta": {"tag": [{"code": mark}]},
        "status": "completed",
    }
