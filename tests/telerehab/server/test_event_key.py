"""A resource's events keep the key of its first version, whomever it is about later."""

from __future__ import annotations

from telerehab.access import Caller
from telerehab.engine import Engine
from telerehab.unit_of_work import UnitOfWork


def basic(patient: str) -> dict[str, object]:
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Basic", "id": "keyed", "code": {"text": "x"}, "subject": subject}


async def test_the_key_of_the_first_version_stays(engine: Engine) -> None:
    for patient in ("first", "second"):

        async def put(work: UnitOfWork, patient: str = patient) -> object:
            return await work.put(basic(patient))

        await engine.run(Caller("test"), put)
    rows = await engine.store.pool.fetch("SELECT DISTINCT key FROM outbox WHERE subject = 'Basic/keyed'")
    stored = await engine.store.pool.fetch("SELECT event_key FROM resource WHERE id = 'keyed'")
    assert [bytes(key) for (key,) in rows] == [bytes(stored[0][0])]
