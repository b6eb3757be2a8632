"""The requests that are measured, each kind an endless stream of them over what `filling` has put there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle

from bench.client import request
from bench.resources import DAYS, FIRST_DAY, NUMBERED, id_of, observations, patient, patients
from telerehab.fhir import json
from telerehab.resource import with_id

BASE = "/fhir/R4/Observation"
BODIES = 1000
PAGE = 20
UPDATED = 0.1  # of the resources: the others stay at version 1


def read(count: int) -> Iterator[bytes]:
    chance = random.Random(2)
    while True:
        yield request("GET", f"{BASE}/{id_of(chance.randrange(count))}")


def bare_read(count: int) -> Iterator[bytes]:
    chance = random.Random(2)
    while True:
        yield request("GET", f"/{id_of(chance.randrange(count))}")


def create() -> Iterator[bytes]:
    return cycle([request("POST", BASE, body) for body in bodies()])


def bare_create() -> Iterator[bytes]:
    return cycle([request("POST", "/", body) for body in bodies()])


def bodies() -> list[bytes]:
    """Observations as a client sends new ones."""
    found = observations(BODIES, seed=3)
    return [json.dump({name: value for name, value in each.items() if name != "id"}) for each in found]


def update(count: int) -> Iterator[bytes]:
    """Each with another content than is there, for an unchanged one would write nothing."""
    chance = random.Random(4)
    contents = list(observations(BODIES, seed=5))
    while True:
        id_ = id_of(chance.randrange(int(count * UPDATED)))
        yield request("PUT", f"{BASE}/{id_}", json.dump(with_id(chance.choice(contents), id_)))


def search_identifier(count: int) -> Iterator[bytes]:
    """A token that one resource has."""
    chance = random.Random(6)
    while True:
        yield request("GET", f"{BASE}?identifier={NUMBERED}|{chance.randrange(count)}")


def search_code(count: int) -> Iterator[bytes]:
    """A token that many have: a page of them."""
    seen = (each["code"]["coding"][0] for each in observations(BODIES, seed=7))
    codes = [f"{coding['system']}|{coding['code']}" for coding in seen]
    return cycle([request("GET", f"{BASE}?code={code}&_count={PAGE}") for code in codes])


def search_subject(count: int) -> Iterator[bytes]:
    chance = random.Random(8)
    while True:
        subject = patient(chance.randrange(patients(count)))
        yield request("GET", f"{BASE}?subject=Patient/{subject}&_count={PAGE}")


def search_date(count: int) -> Iterator[bytes]:
    """A day."""
    chance = random.Random(9)
    while True:
        day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
        yield request("GET", f"{BASE}?date={day:%Y-%m-%d}&_count={PAGE}")
