"""All there is when the platform has come to rest: versions, what searches find, events, what handlers have taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import httpx
from kafka import KafkaConsumer, TopicPartition

from telerehab import canonical
from telerehab.events.catalogue import SAFETY_TOPIC, topic_of_service, topics_of
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.owners import SERVICES
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.running.assembly import services
from tests.faults.nemesis.recording import SYSTEM
from tests.faults.nemesis.requests import OWNED, next_page

CHANGED = ResourceChanged.DESCRIPTOR.full_name
SEARCHES = {
    **{f"{type_} by token": (type_, f"identifier={SYSTEM}|") for type_ in OWNED},
    "Observation by date": ("Observation", "date=2001-02-03"),
    "Observation by quantity": ("Observation", "value-quantity=ge0|http://unitsofmeasure.org|mm"),
    "Observation by reference": ("Observation", "subject:missing=false"),
    "Patient by string": ("Patient", "family=nemesis"),
}
REST = 120.0  # seconds that the platform gets to come to rest

Handled = tuple[str, str, str]
"""Service, handler, id of an event."""


@dataclass
class Version:
    """One version in the history; `marker` is "" where the driver did not write it."""

    type: str
    id: str
    version: int
    updated: datetime
    marker: str
    status: str = ""
    during: tuple[datetime, datetime] | None = None
    actors: tuple[str, ...] = ()
    visit_of: str = ""
    is_booked: bool = False

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"


@dataclass
class Said:
    """One record of the event log; `version` is that of a ResourceChanged, else 0."""

    partition: tuple[str, int]
    offset: int
    id: str
    key: bytes
    type: str
    subject: str
    version: int


@dataclass
class World:
    """`found` has the references that each of SEARCHES finds; `log_repeats` says whether a log may repeat a record."""

    versions: list[Version]
    found: dict[str, list[str]]
    said: list[Said]
    taken: list[Handled]
    dead_letters: list[str] = field(default_factory=list)
    unsaid: int = 0
    log_repeats: bool = False


def expected_of(said: list[Said]) -> set[Handled]:
    """What handlers have to take of these events."""
    hears = [
        (name, handler.name, handler.event_type, topics_of(handler.event_type))
        for name, service in services().items()
        for handler in service.hears
    ]
    return {
        (service, handler, event.id)
        for event in said
        for service, handler, type_, topics in hears
        if event.type == type_ and event.partition[0] in topics
    }


async def world_at_rest(base: str, dsn: str, kafka: str | None) -> World:
    """The world as soon as nothing is on its way any more, or when it has had long enough for that."""
    deadline = time.monotonic() + REST
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            unsaid = await _unsaid(connection)
            said = await asyncio.to_thread(_kafka_log, kafka) if kafka else await _postgresql_log(connection)
            taken = await _taken(connection)
            at_rest = unsaid == 0 and expected_of(said) <= set(taken) and await _unsaid(connection) == 0
            if at_rest or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        letters = " UNION ALL ".join(f'SELECT handler, error FROM "{name}".dead_letter' for name in SERVICES)
        dead = [f"{row['handler']}: {row['error']}" for row in await connection.fetch(letters)]
    finally:
        await connection.close()
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        versions = [
            version for type_ in (*OWNED, "Practitioner") async for version in _versions(client, base, type_)
        ]
        found = {name: await _found(client, base, *search) for name, search in SEARCHES.items()}
    return World(versions, found, said, taken, dead, unsaid, log_repeats=kafka is not None)


async def _unsaid(connection: Any) -> int:
    counts = " + ".join(f'(SELECT count(*) FROM "{name}".outbox)' for name in SERVICES)
    return int(await connection.fetchval(f"SELECT {counts}"))


async def _taken(connection: Any) -> list[Handled]:
    rows = " UNION ALL ".join(
        f"SELECT '{name}' AS service, handler, event_id::text FROM \"{name}\".inbox" for name in SERVICES
    )
    return [(row["service"], row["handler"], row["event_id"]) for row in await connection.fetch(rows)]


async def _postgresql_log(connection: Any) -> list[Said]:
    rows = await connection.fetch(
        "SELECT topic, \"offset\", event_id::text, key, headers ->> 'ce_type' AS type,"
        " headers ->> 'ce_subject' AS subject, payload FROM broker.log ORDER BY topic, \"offset\""
    )
    return [
        _said(
            (row["topic"], 0),
            row["offset"],
            row["event_id"],
            row["key"],
            row["type"],
            row["subject"],
            row["payload"],
        )
        for row in rows
    ]


def _kafka_log(address: str) -> list[Said]:
    """Everything from the beginning of each partition to its end of now."""
    consumer = KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, group_id=None)
    try:
        topics = [SAFETY_TOPIC, *map(topic_of_service, SERVICES)]
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        said: list[Said] = []
        deadline = time.monotonic() + REST
        while any(consumer.position(each) < ends[each] for each in partitions):
            assert time.monotonic() < deadline, "Kafka does not give what it has"
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    headers = {name: value.decode() for name, value in record.headers}
                    place = (record.topic, record.partition)
                    type_, subject = headers["ce_type"], headers["ce_subject"]
                    said.append(
                        _said(
                            place, record.offset, headers["ce_id"], record.key, type_, subject, record.value
                        )
                    )
        return said
    finally:
        consumer.close()


def _said(
    partition: tuple[str, int], offset: int, id_: str, key: bytes, type_: str, subject: str, payload: bytes
) -> Said:
    version = ResourceChanged.FromString(payload).version if type_ == CHANGED else 0
    return Said(partition, offset, id_, bytes(key), type_, subject, version)


async def _versions(client: httpx.AsyncClient, base: str, type_: str) -> AsyncIterator[Version]:
    async for page in _pages(client, base, f"{type_}/_history?_count=1000"):
        for entry in page.get("entry", ()):
            yield _version(entry["resource"])


async def _found(client: httpx.AsyncClient, base: str, type_: str, query: str) -> list[str]:
    url = f"{type_}?{query}&_count=1000&_elements=id"
    return [
        f"{type_}/{entry['resource']['id']}"
        async for page in _pages(client, base, url)
        for entry in page.get("entry", ())
    ]


async def _pages(client: httpx.AsyncClient, base: str, url: str) -> AsyncIterator[JsonObject]:
    while url:
        answer = await client.get(f"{base}/{url}")
        assert answer.status_code == 200, answer.text
        page = json.parse_object(answer.content)
        yield page
        url = next_page(page)


def _version(resource: JsonObject) -> Version:
    meta = resource["meta"]
    markers = [each["value"] for each in resource.get("identifier", ()) if each.get("system") == SYSTEM]
    version = Version(
        resource["resourceType"],
        resource["id"],
        int(meta["versionId"]),
        datetime.fromisoformat(meta["lastUpdated"]),
        markers[0] if markers else "",
        resource.get("status", ""),
    )
    if version.type == "Appointment":
        version.during = (datetime.fromisoformat(resource["start"]), datetime.fromisoformat(resource["end"]))
        version.actors = tuple(each["actor"]["reference"] for each in resource["participant"])
        version.is_booked = canonical.extension_value(resource, canonical.VISIT_ENCOUNTER) is not None
    if version.type == "Encounter" and resource.get("appointment"):
        version.visit_of = resource["appointment"][0]["reference"]
    return version
