"""Events: facts that others may care about, and the handlers that hear them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Event(Generic[M]):
    """One event as a handler sees it; `id` is its identity, `key` orders it, `time` is when it was committed.

    `subject` is "Type/id" of the resource it is about; `depth` counts the events that caused it.
    """

    id: str
    key: bytes
    subject: str
    time: datetime
    message: M
    traceparent: str = ""
    depth: int = 0


HandlerFunction = Callable[[Event[Any], "UnitOfWork"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler as registered; `rebuilds` tells a projection (may be run again from the beginning) from a reaction.

    What a reaction creates must have an id derived from event and handler (`work.derived_id`), so that it can
    never happen twice.
    """

    name: str
    message_type: type[Message]
    handle: HandlerFunction
    rebuilds: bool = False

    @property
    def event_type(self) -> str:
        return str(self.message_type.DESCRIPTOR.full_name)


def handler(message_type: type[Message], *, rebuilds: bool = False) -> Callable[[HandlerFunction], Handler]:
    """Declare a handler of an event; it never commits and calls no service: the runner commits with the inbox row."""

    def declare(handle: HandlerFunction) -> Handler:
        return Handler(handle.__name__, message_type, handle, rebuilds)

    return declare


def timestamp(moment: datetime) -> Timestamp:
    """An aware datetime as the protobuf Timestamp that events carry."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


class Lacking(Exception):
    """A handler lacks something that another event will bring: try again later."""
