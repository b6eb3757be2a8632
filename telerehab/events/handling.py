"""Handling: one event, one handler, one commit with the inbox row in it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from telerehab.access import Caller
from telerehab.event import Event, Handler
from telerehab.events.brokers.broker import Record
from telerehab.events.cloud_event import event_of
from telerehab.events.database import is_outage
from telerehab.events.inbox import Inbox
from telerehab.fhir.outcome import FhirError
from telerehab.observability.request import Request, working_on
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import AlreadyHandled, InboxRow, Missed

if TYPE_CHECKING:
    from telerehab.engine import Engine

PLANS = 5
MOST_CAUSES = 16


class Contended(Exception):
    """What the handler relied on changed again and again while it planned."""


class TooDeep(Exception):
    """Events that cause events went on for so long that it must be a circle."""


class Outage(Exception):
    """The handler could not be tried: a database was down. It says nothing about the event."""


async def take(engine: Engine, inbox: Inbox, handler: Handler, record: Record) -> None:
    """Have a handler take an event, once in effect; an event it has taken before is taken.

    Raises Outage, Lacking, or whatever the handler or its commit failed with.
    """
    try:
        event = event_of(record)
        with working_on(Request(engine.service.name, event.id, event.traceparent)):
            await _effect(engine, inbox, handler, event)
    except Exception as error:
        # A handler that runs again may find the world as it left it, and fail for that alone.
        if await _taken(inbox, record, handler):
            return
        if is_outage(error) or (isinstance(error, FhirError) and error.status == 503):
            raise Outage from error
        raise


async def _effect(engine: Engine, inbox: Inbox, handler: Handler, event: Event[Any]) -> None:
    if event.depth > MOST_CAUSES:
        raise TooDeep
    for _ in range(PLANS):
        work = UnitOfWork(engine, Caller(engine.service.name, event.id), event=event)
        work.inbox.append(InboxRow(event.id, handler.name))
        await handler.handle(event, work)
        try:
            await engine.commit(work)
        except AlreadyHandled:
            return
        except Missed:
            if await inbox.has(event.id, handler.name):
                return
            continue
        return
    raise Contended


async def _taken(inbox: Inbox, record: Record, handler: Handler) -> bool:
    try:
        return await inbox.has(record.id, handler.name)
    except Exception as error:
        if is_outage(error):
            raise Outage from error
        raise


def described(error: Exception) -> str:
    """What went wrong, for whoever looks at the dead letter: kinds and places, never texts, which may quote data."""
    parts = [f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")]
    if isinstance(error, FhirError):
        parts += [f"{error.status}", *(f"{issue.code} {issue.expression or ''}" for issue in error.issues)]
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    parts += [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return "; ".join(parts)
