"""Merged Patients are found, shown and guarded as one person, in every service; parted they are two again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import httpx
import pytest

from telerehab import identity
from telerehab.access import Access, Caller
from telerehab.aliases import join_patients, part_patients
from telerehab.engine import Engine
from telerehab.event import Event
from telerehab.events.brokers.postgres import PostgresBroker
from telerehab.events.database import Database
from telerehab.events.position import HEADER
from telerehab.events.rebuild import rebuild
from telerehab.events.running import ServiceEvents, running
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.pb.telerehab.events.v1.records_pb2 import PatientMerged, PatientUnmerged
from telerehab.server import FhirRequest, FhirResponse, handle
from telerehab.server.request import decoded_pairs, segments
from telerehab.store.pool import Pool
from telerehab.store.search import links
from telerehab.store.store import Store
from telerehab.unit_of_work import UnitOfWork
from tests.services.deployment import BASE, Deployment, deployed

FHIR = {"content-type": "application/fhir+json"}
HEARING = ("records", "outcomes")


@asynccontextmanager
async def events_of(*engines: Engine, dsn: str) -> AsyncIterator[tuple[Database, PostgresBroker]]:
    """The events of these services at work meanwhile."""
    async with AsyncExitStack() as stack:
        database = await Database(dsn, connections=10).open()
        stack.push_async_callback(database.close)
        broker = await stack.enter_async_context(PostgresBroker(database).running())
        for engine in engines:
            await stack.enter_async_context(running(engine, database, broker))
        yield database, broker


@asynccontextmanager
async def replica_of(engine: Engine, dsn: str) -> AsyncIterator[Engine]:
    """Another process of the same service, as far as its memory goes."""
    pool = Pool(dsn, schema=engine.service.name, size=2)
    store = await Store.open(pool, engine.service)
    yield Engine(engine.service, store, engine.neighbours, engine.settings, engine.event_secret)
    await pool.close()


@pytest.fixture(scope="module")
async def on(new_database: Any, deployment_template: str) -> AsyncIterator[Deployment]:
    dsn = await new_database(template=deployment_template)
    async with (
        deployed(dsn, "direct") as deployment,
        events_of(*(deployment.engines[name] for name in HEARING), dsn=dsn),
    ):
        yield deployment


class People:
    """Patients of one test, under ids of their own, each with an Observation and a Condition."""

    def __init__(self, on: Deployment, names: str) -> None:
        self.on = on
        self.ids = {name: f"{name}-{identity.new_id()}" for name in names}

    async def arrive(self) -> None:
        for name, id_ in self.ids.items():
            subject = {"subject": {"reference": f"Patient/{id_}"}}
            observation = {"resourceType": "Observation", "id": id_, "status": "final", "code": {"text": "x"}}
            await self.link(name)
            await self.put({**observation, **subject})
            await self.put({"resourceType": "Condition", "id": id_, **subject})

    async def link(self, name: str, *into: str, type_: str = "replaced-by") -> str:
        """Have a Patient say that these replace it, and only these; the position of that."""
        links = [{"other": {"reference": f"Patient/{self.ids[one]}"}, "type": type_} for one in into]
        content: JsonObject = {"resourceType": "Patient", "id": self.ids[name], "active": not into}
        return await self.put({**content, "link": links} if links else content)

    async def put(self, content: JsonObject) -> str:
        url = f"{content['resourceType']}/{content['id']}"
        answer = await self.on.client.put(url, content=json.dump(content), headers=FHIR)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.headers.get(HEADER, ""))

    async def find(self, search: str, position: str = "") -> str:
        """The names of those whose resources a search finds; a name in braces stands for its id."""
        url = search.format(**self.ids)
        answer = await self.on.client.get(url, headers={HEADER: position} if position else {})
        assert answer.status_code == 200, answer.text
        assert "x-telerehab-behind" not in answer.headers
        return self.names(answer)

    def names(self, answer: httpx.Response) -> str:
        found = {one["resource"]["id"] for one in answer.json().get("entry", ())}
        return "".join(sorted(name for name, id_ in self.ids.items() if id_ in found))


@pytest.fixture
def people(on: Deployment) -> Any:
    @asynccontextmanager
    async def arrived(names: str) -> AsyncIterator[People]:
        made = People(on, names)
        await made.arrive()
        yield made

    return arrived


@pytest.mark.parametrize("name", ["A", "B"])
@pytest.mark.parametrize(
    "search", ["subject=Patient/{%s}", "subject={%s}", "patient={%s}", f"subject={BASE}/Patient/{{%s}}"]
)
async def test_both_ids_find_both_records_in_another_service(people: Any, search: str, name: str) -> None:
    async with people("ABx") as of:
        asked = f"Observation?{search % name}"
        assert await of.find(asked) == name
        assert await of.find(asked, await of.link("A", "B")) == "AB"
        assert await of.find(asked, await of.link("A")) == name


@pytest.mark.parametrize("many", [2000, 0])
async def test_chains_and_has_take_a_person_under_any_id(
    people: Any, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MANY", many)  # the same in one statement
    async with people("ABx") as of:
        position = await of.link("A", "B")
        for name in "AB":
            for type_ in ("Observation", "Condition"):
                assert await of.find(f"{type_}?patient._id={{{name}}}", position) == "AB"
                assert await of.find(f"Patient?_has:{type_}:subject:_id={{{name}}}", position) == "AB"
        assert await of.find("Observation?patient._id={x}", position) == "x"


async def test_records_knows_at_once(people: Any) -> None:
    async with people("AB") as of:
        await of.link("A", "B")
        for name in "AB":
            assert await of.find(f"Condition?subject=Patient/{{{name}}}") == "AB"
            assert await of.find(f"Patient?_id={{{name}}}&_revinclude=Condition:subject") == "AB"
        merged = (await of.on.client.get(f"Patient/{of.ids['A']}")).json()
        assert merged["link"][0]["other"]["reference"] == f"Patient/{of.ids['B']}"
        await of.link("A")
        assert await of.find("Condition?subject=Patient/{A}") == "A"


async def test_merges_join_through_each_other(people: Any) -> None:
    async with people("ABCx") as of:
        position = "~".join([await of.link("A", "B"), await of.link("B", "C")])
        for name in "ABC":
            assert await of.find(f"Observation?subject=Patient/{{{name}}}", position) == "ABC"
            assert await of.find(f"Condition?subject=Patient/{{{name}}}") == "ABC"
        position = await of.link("A")
        assert await of.find("Observation?subject=Patient/{A}", position) == "A"
        assert await of.find("Observation?subject=Patient/{C}", position) == "BC"


async def test_circles_end(people: Any) -> None:
    async with people("ABC") as of:
        await of.link("A", "B")
        await of.link("B", "C", "A")
        await of.link("C", "A")
        await of.link("C", "A", "C")
        for name in "ABC":
            assert await of.find(f"Condition?subject=Patient/{{{name}}}") == "ABC"
        await of.link("C")
        await of.link("B")
        assert await of.find("Condition?subject=Patient/{B}") == "AB", "A still says it"
        await of.link("A")
        assert [await of.find(f"Condition?subject=Patient/{{{name}}}") for name in "ABC"] == ["A", "B", "C"]


async def test_other_links_join_nothing(people: Any) -> None:
    async with people("AB") as of:
        position = await of.link("A", "B", type_="seealso")
        assert await of.find("Observation?subject=Patient/{A}", position) == "A"
        assert await of.find("Condition?subject=Patient/{A}") == "A"


async def test_a_deleted_patient_stands_alone_and_may_come_back_merged(people: Any) -> None:
    async with people("AB") as of:
        await of.link("A", "B")
        answer = await of.on.client.delete(f"Patient/{of.ids['A']}")
        assert answer.status_code == 204
        assert await of.find("Observation?subject=Patient/{B}", answer.headers[HEADER]) == "B"
        assert await of.find("Condition?subject=Patient/{B}") == "B"
        position = await of.link("A", "B")
        assert await of.find("Observation?subject=Patient/{B}", position) == "AB"


async def test_a_transaction_that_merges_is_known_with_its_position(people: Any) -> None:
    async with people("AB") as of:
        link = [{"other": {"reference": f"Patient/{of.ids['B']}"}, "type": "replaced-by"}]
        merged = {"resourceType": "Patient", "id": of.ids["A"], "link": link}
        request = {"method": "PUT", "url": f"Patient/{of.ids['A']}"}
        bundle = {"resourceType": "Bundle", "type": "transaction"}
        bundle["entry"] = [{"resource": merged, "request": request}]  # type: ignore[assignment]
        answer = await of.on.client.post("", content=json.dump(bundle), headers=FHIR)
        assert answer.status_code == 200, answer.text
        position = answer.headers[HEADER]
        assert await of.find("Condition?subject=Patient/{B}", position) == "AB"
        assert await of.find("Observation?subject=Patient/{B}", position) == "AB"


@pytest.mark.parametrize("name", ["A", "B"])
async def test_everything_of_a_person_comes_by_either_id(people: Any, name: str) -> None:
    async with people("ABx") as of:
        await of.find("Observation?_count=0", await of.link("A", "B"))
        answer = await of.on.client.get(f"Patient/{of.ids[name]}/$everything")
        matches = [
            one["resource"]["resourceType"] + one["resource"]["id"][0]
            for one in answer.json()["entry"]
            if one["search"]["mode"] == "match"
        ]
        kinds = ("Condition", "Observation", "Patient")
        assert sorted(matches) == sorted(kind + one for kind in kinds for one in "AB")
        assert matches[0] == f"Patient{name}"


async def test_a_conditional_create_finds_what_is_under_the_other_id(people: Any) -> None:
    async with people("AB") as of:
        await of.link("A", "B")
        subject = {"subject": {"reference": f"Patient/{of.ids['A']}"}}
        assert (await of.on.client.delete(f"Condition/{of.ids['A']}")).status_code == 204
        answer = await of.on.client.post(
            "Condition",
            content=json.dump({"resourceType": "Condition", **subject}),
            headers={**FHIR, "if-none-exist": f"subject=Patient/{of.ids['A']}"},
        )
        assert answer.status_code == 200
        assert of.ids["B"] in answer.headers["location"]


# Access


async def ask(
    engine: Engine, mine: str, method: str, url: str, body: JsonObject | None = None
) -> FhirResponse:
    path, _, query = url.partition("?")
    caller = Caller("patient-app", access=Access(frozenset({mine})))
    content = json.dump(body) if body else b""
    return await handle(
        engine, FhirRequest(method, segments(path), caller, BASE, decoded_pairs(query), FHIR, content)
    )


@pytest.mark.parametrize(("mine", "other"), ["AB", "BA"])
async def test_access_to_a_patient_is_access_to_the_person(people: Any, mine: str, other: str) -> None:
    async with people("ABx") as of:
        outcomes = of.on.engines["outcomes"]
        url, whole = f"Observation/{of.ids[other]}", f"Observation?_id={','.join(of.ids.values())}"
        body = {
            "resourceType": "Observation",
            "id": of.ids[other],
            "status": "amended",
            "code": {"text": "x"},
        }
        body["subject"] = {"reference": f"Patient/{of.ids[other]}"}
        requests = [("GET", url), ("GET", f"{url}/_history"), ("GET", f"{url}/_history/1"), ("GET", whole)]

        async def seen() -> list[bool]:
            answers = [await ask(outcomes, of.ids[mine], *request) for request in requests]
            theirs = f'"id":"{of.ids[other]}"'.encode()
            return [theirs in answer.body for answer in answers if answer.status == 200]

        assert await seen() == [False]
        assert (await ask(outcomes, of.ids[mine], "PUT", url, body)).status in (403, 404)
        await of.find("Observation?_count=0", await of.link("A", "B"))
        assert await seen() == [True] * 4
        assert (await ask(outcomes, of.ids[mine], "PUT", url, body)).status == 200
        assert (await ask(outcomes, of.ids[mine], "GET", f"Observation/{of.ids['x']}")).status == 404
        await of.find("Observation?_count=0", await of.link("A"))
        assert await seen() == [False]


async def test_nobody_merges_into_a_patient_they_may_not_see(people: Any) -> None:
    async with people("AB") as of:
        records = of.on.engines["records"]
        link = [{"other": {"reference": f"Patient/{of.ids['B']}"}, "type": "replaced-by"}]
        body = {"resourceType": "Patient", "id": of.ids["A"], "link": link}
        answer = await ask(records, of.ids["A"], "PUT", f"Patient/{of.ids['A']}", body)
        assert answer.status == 403
        assert await of.find("Condition?subject=Patient/{A}") == "A"
        assert (await ask(records, of.ids["A"], "GET", f"Condition/{of.ids['B']}")).status == 404


# Events in any order, other processes

SAID = [(PatientMerged, 2, "B"), (PatientUnmerged, 3, "B"), (PatientMerged, 3, "C"), (PatientMerged, 4, "D")]


async def hear(engine: Engine, message: Any) -> None:
    event = Event(identity.new_id(), b"k", "Patient/x", datetime.now(UTC), message)
    work = UnitOfWork(engine, Caller("test"), event=event)
    await (join_patients if isinstance(message, PatientMerged) else part_patients).handle(event, work)
    await engine.commit(work)


async def test_order_and_doubles_do_not_matter(on: Deployment) -> None:
    engine = on.engines["session"]
    for number, order in enumerate(itertools.permutations(SAID)):
        for type_, version, other in (*order, *order[:2]):
            names = {"into_patient_id": f"{other}{number}"}
            if type_ is PatientUnmerged:
                names = {"from_patient_id": f"{other}{number}"}
            await hear(engine, type_(patient_id=f"A{number}", patient_version=version, **names))
        person = {f"A{number}", f"C{number}", f"D{number}"}
        assert set(engine.store.aliases.of(f"A{number}")) == person, order


async def test_another_process_knows_within_a_second(on: Deployment) -> None:
    engine = on.engines["scheduling"]
    async with replica_of(engine, on.dsn) as replica, replica.store.aliases.kept_fresh():
        for version, message in enumerate([PatientMerged, PatientUnmerged, PatientMerged], 2):
            names = {"from_patient_id": "q"} if message is PatientUnmerged else {"into_patient_id": "q"}
            await hear(engine, message(patient_id="p", patient_version=version, **names))
            expected, start = engine.store.aliases.of("p"), monotonic()
            while replica.store.aliases.of("p") != expected:
                assert monotonic() - start < 1
                await asyncio.sleep(0.01)


async def test_a_process_that_opens_knows_what_was_said_before(on: Deployment) -> None:
    engine = on.engines["scheduling"]
    await hear(engine, PatientMerged(patient_id="before", patient_version=2, into_patient_id="kept"))
    async with replica_of(engine, on.dsn) as replica:
        assert replica.store.aliases.of("kept") == ("kept", "before")


async def test_a_position_holds_in_every_process(people: Any) -> None:
    """Another process takes the event, this one neither hears nor polls: still what it answers has it."""
    async with (
        people("AB") as of,
        replica_of(of.on.engines["outcomes"], of.on.dsn) as replica,
        events_of(dsn=of.on.dsn) as (database, broker),
    ):
        events = ServiceEvents(replica, database, broker, None)
        assert (await events.wait(await of.link("A", "B"))).reached
        assert set(replica.store.aliases.of(of.ids["A"])) == set(of.ids.values())


async def test_what_was_lost_is_rebuilt(people: Any) -> None:
    async with people("ABC") as of:
        await of.find("Observation?_count=0", await of.link("A", "B"))
        await of.find("Observation?_count=0", await of.link("C", "A"))
        await of.find("Observation?_count=0", await of.link("A"))
        engine = of.on.engines["outcomes"]
        state = "SELECT patient, into_patient, version, joined FROM outcomes.patient_alias ORDER BY 1, 2"
        async with replica_of(engine, of.on.dsn) as replica, events_of(dsn=of.on.dsn) as (database, broker):
            before = await database.fetch(state)
            await database.execute("DELETE FROM outcomes.patient_alias")
            for handler in (part_patients, join_patients):
                await rebuild(replica, database, broker, handler)
            assert await database.fetch(state) == before
            assert len(before) > 1
