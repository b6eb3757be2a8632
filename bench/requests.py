"""The requests that are measured, each kind an endless stream of them over what `filling` has put there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle

from bench.client import request
from bench.resources import DAYS, FIRST_DAY, NUMBERED, id_of, observations, patient, patients
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.resource import with_id

BASE = "/fhir/R4"
BODIES = 1000
PAGE = 20
UPDATED = 0.1  # of the resources: the others stay at version 1
SPARES = 3000
MIXED = {"create": 10, "read": 60, "update": 25, "delete": 5}


def read(count: int, base: str = BASE) -> Iterator[bytes]:
    chance = random.Random(2)
    while True:
        yield request("GET", f"{base}/Observation/{id_of(chance.randrange(count))}")


def bare_read(count: int) -> Iterator[bytes]:
    chance = random.Random(2)
    while True:
        yield request("GET", f"/{id_of(chance.randrange(count))}")


def create(base: str = BASE) -> Iterator[bytes]:
    return cycle([request("POST", f"{base}/Observation", body) for body in bodies()])


def bare_create() -> Iterator[bytes]:
    return cycle([request("POST", "/", body) for body in bodies()])


def bodies() -> list[bytes]:
    """Observations as a client sends new ones."""
    found = observations(BODIES, seed=3)
    return [
        json.dump(portable({name: value for name, value in each.items() if name != "id"})) for each in found
    ]


def portable(content: JsonObject) -> JsonObject:
    """Without references to what is not there, which other servers look for."""
    return {name: value for name, value in content.items() if name not in ("encounter", "hasMember")}


def update(count: int, base: str = BASE) -> Iterator[bytes]:
    """Each with another content than is there, for an unchanged one would write nothing."""
    chance = random.Random(4)
    contents = [portable(each) for each in observations(BODIES, seed=5)]
    while True:
        id_ = id_of(chance.randrange(max(1, int(count * UPDATED))))
        yield request("PUT", f"{base}/Observation/{id_}", json.dump(with_id(chance.choice(contents), id_)))


def delete(count: int, base: str = BASE) -> Iterator[bytes]:
    """One spare after another; when all are gone, again."""
    return cycle(request("DELETE", f"{base}/Observation/{spare(count, n)}") for n in range(SPARES))


def spares(count: int) -> Iterator[JsonObject]:
    """Observations that are there to be deleted."""
    for number, content in enumerate(observations(SPARES, seed=11)):
        identifier = {"system": NUMBERED, "value": f"spare {number}"}
        yield {**portable(content), "id": spare(count, number), "identifier": [identifier]}


def spare(count: int, number: int) -> str:
    return f"spare-{count}-{number}"


def mixed(count: int, base: str = BASE) -> Iterator[bytes]:
    """Creates, reads, updates and deletes in the proportion of `MIXED`."""
    chance = random.Random(12)
    streams = [create(base), read(count, base), update(count, base), delete(count, base)]
    while True:
        (stream,) = chance.choices(streams, list(MIXED.values()))
        yield next(stream)


def search_identifier(count: int) -> Iterator[bytes]:
    """A token that one resource has."""
    chance = random.Random(6)
    while True:
        yield request("GET", f"{BASE}/Observation?identifier={NUMBERED}|{chance.randrange(count)}")


def search_code(count: int) -> Iterator[bytes]:
    """A token that many have: a page of them."""
    seen = (each["code"]["coding"][0] for each in observations(BODIES, seed=7))
    codes = [f"{coding['system']}|{coding['code']}" for coding in seen]
    return cycle([request("GET", f"{BASE}/Observation?code={code}&_count={PAGE}") for code in codes])


def search_subject(count: int) -> Iterator[bytes]:
    chance = random.Random(8)
    while True:
        subject = patient(chance.randrange(patients(count)))
        yield request("GET", f"{BASE}/Observation?subject=Patient/{subject}&_count={PAGE}")


def search_date(count: int) -> Iterator[bytes]:
    """A day."""
    chance = random.Random(9)
    while True:
        day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
        yield request("GET", f"{BASE}/Observation?date={day:%Y-%m-%d}&_count={PAGE}")
