"""The metrics of events tell what waits, what failed and what took effect."""

from __future__ import annotations

from typing import Any

from telerehab.event import Event, Handler
from telerehab.events import measured, running
from telerehab.events.outbox import waiting
from telerehab.events.retrying import Patience
from telerehab.observability import Metrics
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from telerehab.unit_of_work import UnitOfWork
from tests.telerehab.events.conftest import Until


async def test_metrics_tell_what_waits_what_failed_and_what_took_effect(
    world: Any, until: Until, monkeypatch: Any
) -> None:
    monkeypatch.setattr(measured, "SAMPLE_SECONDS", 0.01)

    async def hear(event: Event[AppointmentBooked], work: UnitOfWork) -> None:
        if event.message.appointment_id == "bad":
            raise ValueError

    engine = await world.hearing(Handler("hear", AppointmentBooked, hear))
    metrics, sayer = Metrics("session"), Metrics("scheduling")

    def told(of: Metrics, name: str, **labels: str) -> float:
        return of.registry.get_sample_value(f"telerehab_{name}", labels) or 0.0

    await world.say(AppointmentBooked(appointment_id="good"), AppointmentBooked(appointment_id="bad"))
    assert (await waiting(world.database, "scheduling"))["count"] == 2
    patience = Patience(tries=1)
    async with running.running(engine, world.database, world.broker, metrics=metrics, patience=patience):
        assert told(metrics, "event_effect_seconds_count", handler="hear") == 0
        async with running.running(world.scheduling, world.database, world.broker, metrics=sayer):

            async def all_is_told() -> bool:
                return (
                    told(sayer, "events_relayed_total") == 2
                    and told(sayer, "outbox_events") == 0
                    and told(metrics, "event_effect_seconds_count", handler="hear") == 1
                    and told(metrics, "event_failures_total", handler="hear", state="dead") == 1
                    and told(metrics, "dead_letters", handler="hear", state="dead") == 1
                    and told(metrics, "dead_letter_oldest_seconds", handler="hear") > 0
                    and metrics.registry.get_sample_value(
                        "telerehab_event_lag", {"group": "session", "topic": "telerehab.scheduling"}
                    )
                    == 0
                )

            await until(all_is_told)


async def test_metrics_tell_for_how_long_the_outbox_waits(world: Any, until: Until, monkeypatch: Any) -> None:
    """Nobody relays: the lease is another's."""
    monkeypatch.setattr(measured, "SAMPLE_SECONDS", 0.01)
    await world.database.execute(
        "UPDATE scheduling.relay_lease SET epoch = 5, holder = gen_random_uuid(), until = 'infinity'"
    )
    await world.say(AppointmentBooked(appointment_id="a"))
    metrics = Metrics("scheduling")
    async with running.running(world.scheduling, world.database, world.broker, metrics=metrics):

        async def it_waits() -> bool:
            age = metrics.registry.get_sample_value("telerehab_outbox_oldest_seconds") or 0.0
            return metrics.registry.get_sample_value("telerehab_outbox_events") == 1 and age > 0

        await until(it_waits)
