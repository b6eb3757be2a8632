"""`telerehab events`: how far events have come, what became of those that failed, and what to do about it."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from telerehab.owners import SERVICES
from telerehab.settings import Settings, SettingsError

if TYPE_CHECKING:
    from telerehab.events.brokers.broker import Delivery
    from telerehab.running.events_at_hand import ServiceAtHand

Command = Callable[[Namespace, Settings], int]


def add_events_command(commands: Any, services: Sequence[str]) -> None:
    """Add it to the parsers of the command line."""
    events: ArgumentParser = commands.add_parser(
        "events", help="see how events are doing, and put them right"
    )
    actions = events.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, do: Command, help_: str) -> ArgumentParser:
        parser: ArgumentParser = actions.add_parser(name, help=help_, description=do.__doc__)
        parser.set_defaults(do=do)
        return parser

    action("topics", _topics, "make the topics that Kafka lacks")
    for name, do, help_ in (
        ("lag", _lag, "how many events wait, and where"),
        ("dead-letters", _dead_letters, "events that handlers failed to take"),
    ):
        action(name, do, help_).add_argument("service", nargs="?", choices=services, help="only this one")
    for name, do, help_ in (
        ("replay", _replay, "have failed events tried again, now"),
        ("discard", _discard, "give failed events up for good"),
    ):
        parser = action(name, do, help_)
        parser.add_argument("service", choices=services)
        parser.add_argument("id", nargs="+", type=int, help="as dead-letters shows it")
    parser = action("tail", _tail, "show events as they are said")
    parser.add_argument("service", nargs="?", choices=services, help="said by this one only")
    parser.add_argument("--from-beginning", action="store_true", help="and all that were said before")
    parser.add_argument("--count", type=int, default=-1, help="end after so many; without it, at Ctrl-C")
    parser = action("rebuild", _rebuild, "have a projection take all its events again")
    parser.add_argument("service", choices=services)
    parser.add_argument("handler")


def _topics(asked: Namespace, settings: Settings) -> int:
    """Make those of the declared topics that Kafka lacks, and say how many partitions each has; one that is there is
    left as it is."""
    from telerehab.events.brokers.kafka import cluster_of
    from telerehab.events.brokers.kafka.client import make_topics
    from telerehab.events.brokers.kafka.topics import TOPICS

    if settings.kafka is None:
        raise SettingsError("TELEREHAB_KAFKA is not set: on PostgreSQL there are no topics to make")

    def make() -> None:
        for name, partitions in make_topics(cluster_of(settings), TOPICS).items():
            _say(f"{name}  {partitions} partitions")

    return _done(make)


def _lag(asked: Namespace, settings: Settings) -> int:
    """Per service what waits to be relayed, and per group and topic what it has not taken yet."""
    from telerehab.events.outbox import waiting

    async def show(at_hand: ServiceAtHand) -> None:
        name = at_hand.service.name
        outbox = await waiting(at_hand.database, name)
        _say(f"{name}  outbox  {outbox['count']} waiting, the oldest for {outbox['seconds']:.0f} s")
        behind, ends = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for lag in await at_hand.lag():
            behind[lag.group, lag.partition.topic] += lag.records
            ends[lag.group, lag.partition.topic] += lag.end
        for (group, topic), end in ends.items():
            _say(f"{group}  {topic}  {behind[group, topic]} behind of {end}")

    return _for_each(asked.service, settings, show)


def _dead_letters(asked: Namespace, settings: Settings) -> int:
    """What handlers failed to take and what waits behind it: service, id, handler, state, failures, since when, type
    and id of the event, error."""
    from telerehab.events.cloud_event import type_of

    async def show(at_hand: ServiceAtHand) -> None:
        for letter in await at_hand.letters.all():
            columns = (
                at_hand.service.name,
                letter.id,
                letter.handler,
                letter.state,
                letter.failures,
                letter.since.isoformat(timespec="seconds"),
                type_of(letter.record).rpartition(".")[2],
                letter.record.id,
                letter.error,
            )
            _say("  ".join(str(column) for column in columns))

    return _for_each(asked.service, settings, show)


def _replay(asked: Namespace, settings: Settings) -> int:
    """Have the running service try dead letters again, now, as if they had never failed."""

    async def replay(at_hand: ServiceAtHand) -> None:
        _say(f"{await at_hand.letters.replay(asked.id)} to be tried again")

    return _for_each(asked.service, settings, replay)


def _discard(asked: Namespace, settings: Settings) -> int:
    """Give dead letters up for good; what waits behind them goes on."""

    async def discard(at_hand: ServiceAtHand) -> None:
        _say(f"{await at_hand.letters.discard(asked.id)} given up")

    return _for_each(asked.service, settings, discard)


def _tail(asked: Namespace, settings: Settings) -> int:
    """Events as they are said, a line each: when, topic, id, type, what it is about; not what they hold."""
    from telerehab.events.catalogue import SAFETY_TOPIC, topic_of_service
    from telerehab.running.events_at_hand import events_at_hand

    services = [asked.service] if asked.service else SERVICES
    sources = {f"urn:telerehab:{service}" for service in services}
    topics = [SAFETY_TOPIC, *map(topic_of_service, services)]

    async def tail() -> None:
        left: int = asked.count
        async with events_at_hand(services[:1], settings) as (at_hand,):
            async for deliveries in at_hand.broker.follow(topics, from_beginning=asked.from_beginning):
                for delivery in deliveries:
                    if delivery.record.headers.get("ce_source") in sources:
                        _say(_line(delivery))
                        left -= 1
                    if left == 0:
                        return

    with suppress(KeyboardInterrupt):
        return _done(lambda: asyncio.run(tail()))
    return 0


def _line(delivery: Delivery) -> str:
    headers = delivery.record.headers
    type_ = headers.get("ce_type", "-").rpartition(".")[2]
    columns = headers.get("ce_time", "-"), delivery.partition.topic, delivery.record.id, type_
    return "  ".join((*columns, headers.get("ce_subject", "-")))


def _rebuild(asked: Namespace, settings: Settings) -> int:
    """Have a handler that keeps a projection take everything that was ever said again; the service may run
    meanwhile."""

    async def rebuild(at_hand: ServiceAtHand) -> None:
        handlers = {handler.name: handler for handler in at_hand.service.hears}
        if asked.handler not in handlers:
            raise ValueError(f"{asked.service} has no handler {asked.handler}: {', '.join(sorted(handlers))}")
        _say(f"{await at_hand.rebuild(handlers[asked.handler])} events read")

    return _for_each(asked.service, settings, rebuild)


def _for_each(service: str | None, settings: Settings, do: Callable[[ServiceAtHand], Awaitable[None]]) -> int:
    from telerehab.running.events_at_hand import events_at_hand

    async def work() -> None:
        async with events_at_hand([service] if service else SERVICES, settings) as all_at_hand:
            for at_hand in all_at_hand:
                await do(at_hand)

    return _done(lambda: asyncio.run(work()))


def _done(do: Callable[[], None]) -> int:
    from telerehab.events.brokers.broker import NoSuchTopic, Unavailable
    from telerehab.running.failures import EXPECTED

    try:
        do()
    except Unavailable:
        return _fail("the broker can't be reached")
    except (*EXPECTED, NoSuchTopic, OSError, ValueError) as error:
        return _fail(str(error))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _fail(message: str) -> int:
    sys.stderr.write(f"telerehab: {message}\n")
    return 1
