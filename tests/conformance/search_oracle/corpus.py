"""Random resources, the same for the same seed: shaped as hospitals send them, with the oddities they send.

Missing values, partial dates and time zones, accents and other scripts, several identifiers, periods open at an end,
units with and without a system, references relative, absolute, versioned, contained and by identifier only.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

Json = dict[str, Any]

LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
MRN, SSN = "https://hospital.example/mrn", "urn:oid:2.16.840.1.113883.4.1"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

NAMES = [
    "Ångström",
    "Müller",
    "muller",
    "Núñez",
    "O'Brien",
    "Smith",
    "Smithson",
    "SMITH",
    "Straße",
    "李",
    "Иванов",
]
NAMES += ["de la Cruz", "Le, Quoc", "Back\\slash", "Pipe|d", "Dol$lar", "Żółć", "Zoe\u0308"]
GIVEN = ["Ana", "Anabel", "José", "Zoë", "Peter", "Jean-Luc", "明", "Mary Ann"]
CITIES = ["Köln", "Koln", "San José", "Paris", "New  York", "Łódź"]
TEXTS = ["knee pain", "Knee Pain, left", "Kniegelenk", "10% better", "under_score", "Café"]
CODES: list[tuple[str | None, str, str | None]] = [
    (LOINC, "8867-4", "Heart rate"),
    (LOINC, "29463-7", "Body weight"),
    (SNOMED, "8867-4", "Not a rate"),
]
CODES += [
    (None, "29463-7", None),
    (LOINC, "72514-3", "Pain severity"),
    ("http://x.example/codes", "a,b|c", "Odd"),
]
UNITS = [
    (UCUM, "kg", "kg"),
    (UCUM, "mm[Hg]", "mmHg"),
    (None, None, "kg"),
    (UCUM, "{score}", "points"),
    (None,) * 3,
]
NUMBERS = [
    "0",
    "0.0",
    "5",
    "5.0",
    "5.4",
    "5.40",
    "5.45",
    "72",
    "72.50",
    "99.5",
    "100",
    "100.4",
    "-3",
    "1e2",
    "0.001",
]
DATES = [
    "2019",
    "2019-12",
    "2019-12-31",
    "2020",
    "2020-02",
    "2020-02-29",
    "2020-03-01",
    "1950-07-01",
    "2021-06",
]
MOMENTS = [
    "2019-12-31T23:30:00Z",
    "2019-12-31T23:30:00-05:00",
    "2020-01-01T00:00:00Z",
    "2020-02-29T12:00:00.000Z",
]
MOMENTS += ["2020-02-29T12:00:00.5+02:00", "2020-02-29T12:00:30+13:00", "2020-02-29T11:59:59.999999Z"]
STATUSES = ["final", "amended", "preliminary", "registered"]
TAGS = [("https://tags.example", "a"), ("https://tags.example", "b"), (None, "a")]
COUNTS = {
    "Organization": 8,
    "Practitioner": 12,
    "Patient": 50,
    "Encounter": 40,
    "Condition": 50,
    "Observation": 140,
}
COUNTS |= {"RiskAssessment": 40, "ChargeItem": 40, "Questionnaire": 25, "QuestionnaireResponse": 30}


class Generator:
    """Makes the resources of one store; `base` is our own FHIR base URL."""

    def __init__(self, seed: int, base: str) -> None:
        self.random = Random(seed)
        self.base = base

    def resources(self) -> dict[str, Json]:
        """By reference ("Patient/p1"), in an order in which what is referred to comes first."""
        made = {}
        for type_, count in COUNTS.items():
            for number in range(count):
                content = getattr(self, type_.lower())()
                head = {"resourceType": type_, "id": f"{type_[:2].lower()}{number}"}
                made[f"{type_}/{head['id']}"] = given({**head, "meta": self.meta(), **content})
        return made

    def pick(self, among: list[Any]) -> Any:
        return self.random.choice(among)

    def maybe(self, make: Callable[[], Any], chance: float = 0.6) -> Any:
        return make() if self.random.random() < chance else None

    def some(self, make: Callable[[], Any], most: int = 2) -> list[Any]:
        return [make() for _ in range(self.random.randint(0, most))]

    def meta(self) -> Json:
        tags = [
            given({"system": s, "code": c}) for s, c in self.random.sample(TAGS, self.random.randint(0, 2))
        ]
        source = self.pick(["https://a.example/feed", "https://a.example/feed/1", "urn:x"])
        profile = self.pick(
            ["https://a.example/StructureDefinition/a", "https://a.example/StructureDefinition/a|2"]
        )
        return {
            "tag": tags,
            "source": self.maybe(lambda: source, 0.3),
            "profile": self.some(lambda: profile, 1),
        }

    def day(self) -> str:
        return str(self.pick(DATES))

    def moment(self) -> str:
        return str(self.pick(DATES + MOMENTS))

    def exact_moment(self) -> str:
        return str(self.pick(MOMENTS))

    def period(self) -> Json:
        starts, ends = (
            ["2018-05", "2019-12-31T20:00:00Z", "2020-02-29"],
            ["2020-02-29", "2020-03-01T08:00:00+02:00", "2022"],
        )
        kept = self.random.randint(0, 3)
        return {
            "start": self.pick(starts) if kept != 1 else None,
            "end": self.pick(ends) if kept != 2 else None,
        }

    def concept(self) -> Json:
        codings = [self.coding() for _ in range(self.random.randint(0, 2))]
        return {
            "coding": codings,
            "text": self.pick(TEXTS) if not codings else self.maybe(lambda: self.pick(TEXTS), 0.4),
        }

    def coding(self) -> Json:
        system, code, display = self.pick(CODES)
        return {"system": system, "code": code, "display": display}

    def identifier(self) -> Json:
        code = self.pick(["MR", "SS"])
        type_ = {
            "coding": [{"system": TYPES, "code": code}],
            "text": self.maybe(lambda: "Medical Record", 0.3),
        }
        system = self.pick([MRN, SSN, None])
        return {"type": self.maybe(lambda: type_), "system": system, "value": str(self.random.randint(1, 12))}

    def quantity(self) -> Json:
        system, code, unit = self.pick(UNITS)
        return {"value": Decimal(self.pick(NUMBERS)), "unit": unit, "system": system, "code": code}

    def range(self) -> Json:
        low, high = sorted(self.random.sample([1, 5, 20, 72, 100], 2))
        kept = self.random.randint(0, 3)
        unit = {"unit": "a", "system": UCUM, "code": "a"}
        ends = {"low": {"value": low, **unit}, "high": {"value": high, **unit}}
        return {"low": ends["low"] if kept != 1 else None, "high": ends["high"] if kept != 2 else None}

    def to(self, *types: str) -> Json:
        """A reference to something that is here, to something that is not, or to another server."""
        type_ = self.pick(list(types))
        id_ = f"{type_[:2].lower()}{self.random.randrange(COUNTS.get(type_, 5) + 2)}"
        literal = f"{type_}/{id_}"
        forms = [literal] * 6 + [
            f"{literal}/_history/1",
            f"{self.base}/{literal}",
            f"https://other.example/fhir/{literal}",
        ]
        identifier = self.identifier() if self.random.random() < 0.2 else None
        if identifier and self.random.random() < 0.5:
            return {"identifier": identifier, "type": type_}
        return {"reference": self.pick(forms), "identifier": identifier}

    def name(self) -> Json:
        given_ = self.some(lambda: self.pick(GIVEN))
        return {
            "family": self.pick(NAMES),
            "given": given_,
            "text": self.maybe(lambda: self.pick(NAMES), 0.2),
        }

    def address(self) -> Json:
        city = self.pick(CITIES)
        return {
            "use": self.pick(["home", "work"]),
            "line": self.some(lambda: "Main St 1"),
            "city": city,
            "country": "DE",
        }

    def telecom(self) -> Json:
        value = self.pick(["555-1", "555-2", "a@x.example"])
        return {"system": self.pick(["phone", "email"]), "value": value}

    def organization(self) -> Json:
        names = ["Clinic", "Clinic North", "Ärztehaus", "clinic"]
        partof = self.maybe(lambda: {"reference": f"Organization/or{self.random.randrange(8)}"})
        return {
            "active": self.pick([True, False]),
            "name": self.pick(names),
            "partOf": partof,
            "identifier": self.some(self.identifier),
        }

    def practitioner(self) -> Json:
        return {
            "name": self.some(self.name),
            "identifier": self.some(self.identifier),
            "gender": self.pick(["male", "female"]),
        }

    def patient(self) -> Json:
        ends = [
            {},
            {"deceasedBoolean": True},
            {"deceasedBoolean": False},
            {"deceasedDateTime": self.moment()},
        ]
        return {
            "active": self.maybe(lambda: self.pick([True, False])),
            "name": self.some(self.name, 3),
            "gender": self.maybe(lambda: self.pick(["male", "female", "other", "unknown"])),
            "birthDate": self.maybe(self.day),
            "address": self.some(self.address),
            "telecom": self.some(self.telecom),
            "identifier": self.some(self.identifier, 3),
            "managingOrganization": self.maybe(lambda: self.to("Organization")),
            "generalPractitioner": self.some(lambda: self.to("Practitioner", "Organization")),
            **self.pick(ends),
        }

    def subject(self) -> Json:
        """What a resource is about; sometimes a Patient of its own, contained."""
        if self.random.random() < 0.05:
            return {"contained": [{"resourceType": "Patient", "id": "own"}], "subject": {"reference": "#own"}}
        return {"subject": self.to("Patient", "Patient", "Patient", "Group")}

    def encounter(self) -> Json:
        class_ = {"system": ACT_CODE, "code": self.pick(["AMB", "VR"])}
        return {
            "status": self.pick(["planned", "finished"]),
            "class": class_,
            "type": self.some(self.concept),
            "period": self.maybe(self.period),
            "length": self.maybe(
                lambda: {"value": self.random.randint(1, 90), "unit": "min", "system": UCUM, "code": "min"}
            ),
            "participant": [
                {"individual": self.to("Practitioner")} for _ in range(self.random.randint(0, 2))
            ],
            "location": self.some(
                lambda: {"location": {"reference": "Location/lo1"}, "period": self.maybe(self.period)}
            ),
            "serviceProvider": self.maybe(lambda: self.to("Organization")),
            **self.subject(),
        }

    def condition(self) -> Json:
        age = {"value": self.pick([1, 20, 72]), "unit": "a", "system": UCUM, "code": "a"}
        onsets = [{}, {"onsetDateTime": self.moment()}, {"onsetAge": age}, {"onsetRange": self.range()}]
        onsets += [{"onsetPeriod": self.period()}, {"onsetString": self.pick(TEXTS)}]
        return {
            "code": self.maybe(self.concept),
            "category": self.some(self.concept),
            "severity": self.maybe(self.concept),
            "encounter": self.maybe(lambda: self.to("Encounter")),
            "recordedDate": self.maybe(self.moment),
            "identifier": self.some(self.identifier),
            **self.pick(onsets),
            **self.subject(),
        }

    def value(self) -> Json:
        values: list[Json] = [{"valueQuantity": self.quantity()}] * 4
        values += [{"valueCodeableConcept": self.concept()}, {"valueString": self.pick(TEXTS)}, {}]
        return dict(self.pick(values))

    def observation(self) -> Json:
        effective = [{"effectiveDateTime": self.moment()}, {"effectivePeriod": self.period()}, {}]
        effective += [
            {"effectiveInstant": self.exact_moment()},
            {"effectiveTiming": {"event": ["2020-01-01", "2020-03"]}},
        ]
        components = [
            {"code": self.concept(), **self.value()} for _ in range(self.random.choice([0, 0, 2, 3]))
        ]
        dates = [{"valueDateTime": self.moment()}, {"valuePeriod": self.period()}]
        value = self.pick(dates) if self.random.random() < 0.2 else self.value()
        code = self.concept()
        if any(
            coding in component["code"]["coding"] for component in components for coding in code["coding"]
        ):
            value = {}  # obs-7: it would stand beside its own component
        return {
            "status": self.pick(STATUSES),
            "code": code,
            "category": self.some(self.concept, 1),
            "encounter": self.maybe(lambda: self.to("Encounter")),
            "performer": self.some(lambda: self.to("Practitioner", "Organization", "Patient")),
            "identifier": self.some(self.identifier),
            "component": components,
            **self.pick(effective),
            **value,
            **self.subject(),
        }

    def riskassessment(self) -> Json:
        predictions = [
            {"probabilityDecimal": Decimal(self.pick(["0", "5", "5.4", "72", "99.5", "0.001"]))},
            {},
        ]
        return {
            "status": "final",
            "prediction": [
                {"qualitativeRisk": self.concept(), **self.pick(predictions)}
                for _ in range(self.random.randint(0, 2))
            ],
            "occurrenceDateTime": self.maybe(self.moment),
            "method": self.maybe(self.concept),
            "condition": self.maybe(lambda: self.to("Condition")),
            "performer": self.maybe(lambda: self.to("Practitioner")),
            **self.subject(),
        }

    def chargeitem(self) -> Json:
        price = {"value": Decimal(self.pick(NUMBERS)), "currency": "EUR"}
        return {
            "status": "billable",
            "code": self.concept(),
            "quantity": self.maybe(self.quantity),
            "factorOverride": self.maybe(lambda: Decimal(self.pick(NUMBERS))),
            "priceOverride": self.maybe(lambda: price, 0.3),
            "enteredDate": self.maybe(self.moment),
            "context": self.maybe(lambda: self.to("Encounter")),
            **self.subject(),
        }

    def questionnaire(self) -> Json:
        url = self.pick(
            [
                "https://q.example/a",
                "https://q.example/a/b",
                "https://q.example/ab",
                "https://q.example",
                "urn:q:1",
            ]
        )
        contexts = [
            {"valueCodeableConcept": self.concept()},
            {"valueQuantity": self.quantity()},
            {"valueRange": self.range()},
        ]
        return {
            "status": self.pick(["draft", "active"]),
            "url": self.maybe(lambda: url, 0.8),
            "title": self.maybe(lambda: self.pick(TEXTS)),
            "publisher": self.maybe(lambda: self.pick(NAMES)),
            "date": self.maybe(self.moment),
            "effectivePeriod": self.maybe(self.period),
            "subjectType": self.some(lambda: self.pick(["Patient", "Group"]), 1),
            "useContext": self.some(lambda: {"code": self.coding(), **self.pick(contexts)}),
            "identifier": self.some(self.identifier),
        }

    def questionnaireresponse(self) -> Json:
        canonical = self.pick(
            ["https://nowhere.example/q", "https://nowhere.example/q|1", "https://nowhere.example/q|2"]
        )
        return {
            "status": self.pick(["completed", "in-progress"]),
            "questionnaire": self.maybe(lambda: canonical),
            "authored": self.maybe(self.moment),
            "author": self.maybe(lambda: self.to("Practitioner", "Patient")),
            "source": self.maybe(lambda: self.to("Patient")),
            "encounter": self.maybe(lambda: self.to("Encounter")),
            **self.subject(),
        }


def given(value: Any) -> Any:
    """Without what was left out: FHIR has no empty elements."""
    if isinstance(value, dict):
        kept = {key: given(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one is not None and one not in ([], {})}
    if isinstance(value, list):
        return [one for one in map(given, value) if one not in ({}, [], None)]
    return value
