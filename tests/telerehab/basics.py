"""Basic resources, whose subject may be anything, and short ways to have a unit of work write them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from telerehab.access import EVERYTHING, Access, Caller
from telerehab.engine import Engine
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

CALLER = Caller("tester", "request-1", "127.0.0.1")


def basic(id_: str, text: str = "on", subject: str | None = None, **more: Any) -> JsonObject:
    about = {} if subject is None else {"subject": {"reference": subject}}
    return {"resourceType": "Basic", "id": id_, "code": {"text": text}, **about, **more}


def text_of(resource: Resource | None) -> str | None:
    return None if resource is None else resource.content["code"]["text"]


def new_ids(count: int) -> list[str]:
    return [str(uuid4()) for _ in range(count)]


async def put(engine: Engine, *contents: JsonObject, access: Access = EVERYTHING) -> UnitOfWork:
    """Write these in one unit of work, as a bundle with an entry for each."""

    async def act(work: UnitOfWork) -> UnitOfWork:
        for number, content in enumerate(contents):
            await work.put(content, entry=number if len(contents) > 1 else -1)
        return work

    return await engine.run(Caller("tester", "request-1", "127.0.0.1", access), act)


async def delete(engine: Engine, id_: str, *, access: Access = EVERYTHING) -> None:
    async def act(work: UnitOfWork) -> None:
        await work.delete("Basic", id_)

    await engine.run(Caller("tester", access=access), act)


async def stored(engine: Engine, id_: str) -> Resource | None:
    """The live Basic of this id."""
    found = await engine.store.read("Basic", id_, EVERYTHING)
    return None if found is None or found.deleted else found


async def status(done: Any) -> int:
    """200, or the status it is refused with."""
    try:
        await done
    except FhirError as error:
        return error.status
    return 200


def announced(what: str) -> ResourceChanged:
    """An event of a test's rule; any service may say this kind."""
    return ResourceChanged(type="Basic", id=what, method="SAID")


async def said(engine: Engine, id_: str) -> list[str]:
    """What was `announced` about a Basic, oldest first."""
    rows = await engine.store.pool.fetch(
        "SELECT payload FROM outbox WHERE subject = $1 ORDER BY id", f"Basic/{id_}"
    )
    messages = [ResourceChanged.FromString(row["payload"]) for row in rows]
    return [message.id for message in messages if message.method == "SAID"]
