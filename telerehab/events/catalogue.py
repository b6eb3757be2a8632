"""Every event there is: its message, who says it, and the topic it is said on.

A message is said by the service whose proto file declares it; those in resource.proto by every service.
"""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from telerehab.event import Handler
from telerehab.owners import SERVICES
from telerehab.pb.telerehab.events.v1 import (
    exercise_prescription_pb2,
    outcomes_pb2,
    records_pb2,
    resource_pb2,
    scheduling_pb2,
    session_pb2,
)

SAFETY_TOPIC = "telerehab.safety"
_SAFETY: frozenset[str] = frozenset(
    message.DESCRIPTOR.full_name
    for message in (outcomes_pb2.SafetyAlertRaised, outcomes_pb2.SafetyAlertEscalated)
)

_SAID_BY = {
    exercise_prescription_pb2: ("exercise_prescription",),
    outcomes_pb2: ("outcomes",),
    records_pb2: ("records",),
    resource_pb2: SERVICES,
    scheduling_pb2: ("scheduling",),
    session_pb2: ("session",),
}
_DESCRIPTORS = {
    descriptor.full_name: descriptor
    for file in _SAID_BY
    for descriptor in file.DESCRIPTOR.message_types_by_name.values()
}
_PRODUCERS = {
    descriptor.full_name: producers
    for file, producers in _SAID_BY.items()
    for descriptor in file.DESCRIPTOR.message_types_by_name.values()
}


def topic_of_service(service: str) -> str:
    """The topic of what a service says, safety apart."""
    return f"telerehab.{service}"


def topic_of(message: Message, service: str) -> str:
    """The topic on which `service` says `message`; ValueError if it is not this service that says it."""
    name = message.DESCRIPTOR.full_name
    producers = _PRODUCERS.get(name, ())
    if service not in producers and producers is not SERVICES:
        raise ValueError(f"{name} is said by {', '.join(producers) or 'nobody'}, not by {service}")
    return SAFETY_TOPIC if name in _SAFETY else topic_of_service(service)


def message_class(name: str) -> type[Message] | None:
    """The message class of a full name ("telerehab.events.v1.AppointmentBooked"); None for one not known here."""
    descriptor = _DESCRIPTORS.get(name)
    return None if descriptor is None else GetMessageClass(descriptor)


def is_safety(name: str) -> bool:
    """Whether events of this full name are safety events, which nothing may hold up."""
    return name in _SAFETY


def producers(name: str) -> tuple[str, ...]:
    """The services that say events of this full name."""
    return tuple(_PRODUCERS.get(name, ()))


def topics_of(name: str) -> set[str]:
    """The topics on which events of this full name are said."""
    return {SAFETY_TOPIC} if is_safety(name) else {topic_of_service(service) for service in producers(name)}


def topics_heard(handlers: Iterable[Handler]) -> set[str]:
    """The topics that these handlers need, the safety topic included if one hears it."""
    return {topic for handler in handlers for topic in topics_of(handler.event_type)}
