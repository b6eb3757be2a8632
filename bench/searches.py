"""A pool of thirty searches of every kind, and four that cross services; one line each, values drawn anew each time.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote

from bench.client import request
from bench.requests import BASE, PAGE
from bench.resources import DAYS, FAMILIES, FIRST_DAY, NUMBERED, PANEL, patient, patients

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


class Search(NamedTuple):
    """A search: what kind it is, its type and parameters, and whether it finds few however many resources there are."""

    kind: str
    text: str
    is_selective: bool

    @property
    def type(self) -> str:
        return self.text.partition("?")[0]


POOL = [
    Search("token", "Observation?identifier={system}|{number}", True),
    Search("token", "Observation?code={loinc}|8302-2", False),
    Search("token", "Observation?code=4544-3&status=final", False),
    Search("token", "Observation?category=vital-signs&patient={patient}", True),
    Search("token", "Patient?gender=female", False),
    Search("token, :not", "Observation?patient={patient}&category:not=laboratory", True),
    Search("date range", "Observation?date={day}", False),
    Search("date range", "Observation?date=ge{day}&date=lt{later}", False),
    Search("date range", "Observation?patient={patient}&date=ge{day}", True),
    Search("date range", "Patient?birthdate=ge1980-03-01&birthdate=lt1980-03-15", False),
    Search("chained", "Observation?has-member:Observation.identifier={system}|{member}", True),
    Search("chained", "Observation?patient={patient}&has-member:Observation.code=8302-2", True),
    Search("_has", "Observation?_has:Observation:has-member:identifier={system}|{panel}", True),
    Search("_has", "Observation?patient={patient}&_has:Observation:has-member:status=final", True),
    Search("_include", "Observation?identifier={system}|{panel}&_include=Observation:has-member", True),
    Search(
        "_revinclude", "Observation?identifier={system}|{member}&_revinclude=Observation:has-member", True
    ),
    Search("string", "Patient?family={family}", False),
    Search("string", "Patient?family:exact={family}&given=Given7", True),
    Search("string, :contains", "Patient?name:contains=amily77", False),
    Search("sort", "Observation?patient={patient}&_sort=-date", True),
    Search("sort", "Observation?code=8302-2&_sort=-date", False),
    Search("sort", "Observation?patient={patient}&code=8302-2&_sort=-date&_count=1", True),
    Search("sort", "Patient?gender=male&_sort=family,birthdate", False),
    Search("OR list", "Observation?code=8302-2,29463-7,39156-5", False),
    Search("OR list", "Observation?patient={patient},{other}", True),
    Search("OR list", "Observation?patient={patient}&status=final,amended,corrected", True),
    Search("quantity", "Observation?code=8302-2&value-quantity=gt190|{ucum}|cm", False),
    Search("quantity", "Observation?patient={patient}&value-quantity=lt60|{ucum}|kg", True),
    Search("composite", "Observation?code-value-quantity=29463-7$gt120", False),
    Search("by id", "Patient?_id={patient}", True),
]

CROSSING = [
    Search("chained", "Observation?patient.identifier={system}|{person}", True),
    Search("chained", "Observation?patient.family={family}&code=8302-2", False),
    Search("_has", "Patient?_has:Observation:patient:identifier={system}|{number}", True),
    Search("_include", "Observation?identifier={system}|{number}&_include=Observation:patient", True),
]


def requests_of(search: Search, count: int, base: str = BASE) -> Iterator[bytes]:
    """The search again and again, over `count` Observations and their patients."""
    chance = random.Random(search.text)
    people = patients(count)
    while True:
        panel = chance.randrange(1, count // PANEL) * PANEL
        first = FIRST_DAY + timedelta(days=chance.randrange(DAYS - 30))
        text = search.text.format(
            system=NUMBERED,
            loinc=LOINC,
            ucum=UCUM,
            number=chance.randrange(count),
            panel=panel,
            member=panel - 1,
            patient=patient(chance.randrange(people)),
            other=patient(chance.randrange(people)),
            person=chance.randrange(people),
            family=f"Family{chance.randrange(min(people, FAMILIES))}",
            day=f"{first:%Y-%m-%d}",
            later=f"{first + timedelta(days=30):%Y-%m-%d}",
        )
        page = "" if "_count=" in text else f"&_count={PAGE}"
        yield request("GET", f"{base}/{quote(text, safe='/?&=|,:$')}{page}")


def mixed(searches: list[Search], count: int, base: str = BASE) -> Iterator[bytes]:
    """All of them in turn."""
    streams = [requests_of(each, count, base) for each in searches]
    while True:
        for stream in streams:
            yield next(stream)
