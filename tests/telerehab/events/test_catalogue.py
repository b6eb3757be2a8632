"""Which topic an event is said on, and which topics a handler needs."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from telerehab.event import Event, Handler
from telerehab.events.catalogue import is_safety, message_class, topic_of, topics_heard
from telerehab.owners import SERVICES
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised, ScoreRecorded
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from telerehab.unit_of_work import UnitOfWork


async def nothing(event: Event[Message], work: UnitOfWork) -> None:
    """Not called."""


@pytest.mark.parametrize(
    ("message", "service", "topic"),
    [
        (AppointmentBooked(), "scheduling", "telerehab.scheduling"),
        (ScoreRecorded(), "outcomes", "telerehab.outcomes"),
        (SafetyAlertRaised(), "outcomes", "telerehab.safety"),
        *((ResourceChanged(), service, f"telerehab.{service}") for service in SERVICES),
    ],
)
def test_a_topic_for_each_service_and_one_for_safety(message: Message, service: str, topic: str) -> None:
    assert topic_of(message, service) == topic


def test_a_service_cannot_say_what_is_another_services_to_say() -> None:
    with pytest.raises(ValueError, match="said by scheduling, not by session"):
        topic_of(AppointmentBooked(), "session")


def test_a_message_class_is_found_by_its_full_name() -> None:
    assert message_class("telerehab.events.v1.AppointmentBooked") is AppointmentBooked
    assert message_class("telerehab.events.v1.Unheard") is None


@pytest.mark.parametrize(
    ("types", "topics"),
    [
        ([AppointmentBooked], {"telerehab.scheduling"}),
        ([AppointmentBooked, SafetyAlertRaised], {"telerehab.scheduling", "telerehab.safety"}),
        ([ResourceChanged], {f"telerehab.{service}" for service in SERVICES}),
        ([], set()),
    ],
)
def test_a_handler_needs_the_topics_of_all_who_may_say_its_event(
    types: list[type[Message]], topics: set[str]
) -> None:
    assert topics_heard(Handler("h", type_, nothing) for type_ in types) == topics


def test_only_alerts_are_safety_events() -> None:
    assert is_safety("telerehab.events.v1.SafetyAlertRaised")
    assert not is_safety("telerehab.events.v1.ScoreRecorded")
