"""Faults planted in the real code, one at a time, which the simulation must find."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast
from unittest.mock import patch

from telerehab.access import Caller
from telerehab.engine import Engine
from telerehab.events import handling, relay
from telerehab.events.brokers.broker import Partition
from telerehab.events.cloud_event import record_of
from telerehab.events.consumer import Consumer
from telerehab.events.lanes import Lanes
from telerehab.events.progress import Progress
from telerehab.events.relay import Relay
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import InboxRow

Plant = Callable[[], AbstractContextManager[Any]]


def deleted_before_published() -> AbstractContextManager[Any]:
    """The relay deletes a row before the broker has it."""

    async def publish(self: Relay, epoch: int) -> int:
        rows = await self._outbox.first(relay.BATCH)
        if rows:
            await self._outbox.remove([row["id"] for row in rows])
            await self._broker.publish(self._service, epoch, [record_of(row, self._service) for row in rows])
        return len(rows)

    return patch.object(Relay, "_publish", publish)


def inbox_row_in_another_commit() -> AbstractContextManager[Any]:
    """The effect of an event is committed first, the row that says so after it."""
    effect = handling._effect

    async def in_two(engine: Any, inbox: Any, handler: Any, event: Any) -> None:
        if await inbox.has(event.id, handler.name):
            return
        await effect(cast(Engine, _Forgetful(engine)), inbox, handler, event)
        work = UnitOfWork(engine, Caller(engine.service.name, event.id), event=event)
        work.inbox.append(InboxRow(event.id, handler.name))
        await engine.commit(work)

    return patch.object(handling, "_effect", in_two)


class _Forgetful:
    """An engine that commits without the inbox."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def commit(self, work: Any) -> Any:
        work.inbox = []
        return await self._engine.commit(work)


def position_before_effect() -> AbstractContextManager[Any]:
    """A position counts what has been read as done."""
    return patch.object(Progress, "positions", _ends)


def _ends(progress: Progress) -> dict[Partition, int]:
    progress.moved.clear()
    return dict(progress._ends)


def lanes_side_by_side() -> AbstractContextManager[Any]:
    """Events of one key are taken side by side."""
    add = Lanes.add
    return patch.object(Lanes, "add", lambda self, lane, work: add(self, object(), work))


def nothing_waits_behind() -> AbstractContextManager[Any]:
    """An event is taken although an earlier one of its key has failed."""

    async def handle_once(self: Consumer, *arguments: Any) -> None:
        self._blocked.clear()
        await taking(self, *arguments)

    taking = Consumer._handle_once
    return patch.object(Consumer, "_handle_once", handle_once)


def unfenced() -> AbstractContextManager[Any]:
    """Every relay claims to be the newest."""
    publish = Relay._publish
    return patch.object(Relay, "_publish", lambda self, epoch: publish(self, 10**9))


PLANTED: list[Plant] = [
    deleted_before_published,
    inbox_row_in_another_commit,
    position_before_effect,
    lanes_side_by_side,
    nothing_waits_behind,
    unfenced,
]
