"""A service hears an event as its consumer would have it hear it."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.message import Message

from telerehab.engine import Engine
from telerehab.events.cloud_event import record_of
from telerehab.events.database import Database
from telerehab.events.handling import take
from telerehab.events.inbox import Inbox
from telerehab.identity import new_id


async def hear(engine: Engine, database: Database, message: Message, times: int = 1) -> None:
    """Have every handler of the event take it, once or several times."""
    row = {
        "event_id": new_id(),
        "type": message.DESCRIPTOR.full_name,
        "topic": "t",
        "subject": "Patient/x",
        "time": datetime.now(UTC),
        "key": b"k",
        "payload": message.SerializeToString(),
        "traceparent": "",
        "cause": "",
        "depth": 0,
    }
    inbox = Inbox(database, engine.service.name)
    for _ in range(times):
        for handler in engine.service.handlers_of(message.DESCRIPTOR.full_name):
            await take(engine, inbox, handler, record_of(row, "elsewhere"))
