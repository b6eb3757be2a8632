"""Patient/$match finds a person among those the caller may see, and is certain only when it is safe."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from telerehab.access import Access, Caller
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.server.request import FhirRequest
from telerehab.server.router import handle
from tests.services.records.conftest import Records
from tests.services.records.domain.people import ADA, but, mr, named

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


def person(**other: Any) -> JsonObject:
    """A person whom nobody else here resembles in name, number or phone."""
    token = uuid4()
    digits = f"{token.int:039}"
    letters = "".join(chr(ord("a") + int(digit)) for digit in digits)
    return {
        "resourceType": "Patient",
        "identifier": [mr(token.hex)],
        "name": named(letters[:12], letters[12:24]),
        "birthDate": (date(1910, 1, 1) + timedelta(days=token.int % 36_500)).isoformat(),
        "gender": "female",
        "telecom": [{"system": "phone", "value": f"+44 {digits[-10:]}"}],
        **other,
    }


def renamed(patient: JsonObject, family: str) -> list[JsonObject]:
    return named(family, *patient["name"][0]["given"])


def asked(patient: JsonObject, **rest: Any) -> JsonObject:
    listed = [{"name": "resource", "resource": {"resourceType": "Patient", **patient}}]
    listed += [
        {"name": name, "valueBoolean" if isinstance(value, bool) else "valueInteger": value}
        for name, value in rest.items()
    ]
    return {"resourceType": "Parameters", "parameter": listed}


async def match(records: Records, patient: JsonObject, **rest: Any) -> Any:
    bundle = await records.post("Patient/$match", asked(patient, **rest), 200)
    assert bundle["type"] == "searchset"
    return bundle


def graded(bundle: Any) -> dict[str, str]:
    found = {}
    for entry in bundle.get("entry", ()):
        if entry["search"]["mode"] == "match":
            (extension,) = entry["search"]["extension"]
            assert extension["url"] == GRADE
            assert 0 <= entry["search"]["score"] <= 1
            found[entry["resource"]["id"]] = extension["valueCode"]
    return found


def outcomes(bundle: Any) -> list[str]:
    return [
        issue["code"]
        for entry in bundle.get("entry", ())
        if entry["search"]["mode"] == "outcome"
        for issue in entry["resource"]["issue"]
    ]


async def stored(records: Records, *people: JsonObject) -> list[str]:
    return [(await records.post("Patient", one))["id"] for one in people]


async def test_one_who_agrees_in_all_is_certain_and_says_so(records: Records) -> None:
    ada = person()
    (id_,) = await stored(records, ada)
    bundle = await match(records, ada)
    assert graded(bundle) == {id_: "certain"}
    assert bundle["total"] == 1
    (entry,) = bundle["entry"]
    assert entry["fullUrl"].endswith(f"/Patient/{id_}")
    assert entry["search"]["score"] > 0.999
    assert graded(await records.post("Patient/$match", ada, 200)) == {id_: "certain"}


@pytest.mark.parametrize(
    ("change", "grade"),
    [
        (lambda ada: but(ada, identifier=None), "probable"),
        (
            lambda ada: but(ada, name=renamed(ada, "bello"), identifier=None),
            "probable",
        ),
        (lambda ada: but(ada, birthDate=None), "probable"),
        (lambda ada: but(ada, identifier=None, telecom=None, birthDate=ada["birthDate"][:4]), "possible"),
        (lambda ada: {"identifier": ada["identifier"]}, "probable"),
        (lambda ada: {"telecom": ada["telecom"]}, None),
    ],
)
async def test_less_agreement_is_less_sure(records: Records, change: Any, grade: str | None) -> None:
    ada = person()
    (id_,) = await stored(records, ada)
    assert graded(await match(records, change(ada))).get(id_) == grade


async def test_two_who_would_be_certain_are_none(records: Records) -> None:
    ada = person()
    ids = await stored(records, ada, ada)
    bundle = await match(records, ada)
    assert graded(bundle) == dict.fromkeys(ids, "probable")
    assert outcomes(bundle) == ["multiple-matches"]
    certain = await match(records, ada, onlyCertainMatches=True)
    assert graded(certain) == {}
    assert outcomes(certain) == ["multiple-matches"]


async def test_only_certain_matches_leave_out_the_rest_and_count_the_least_likely(records: Records) -> None:
    ada = person()
    other = but(ada, identifier=[mr(uuid4().hex)], name=renamed(ada, ada["name"][0]["family"] + "x"))
    ids = await stored(records, ada, other)
    assert graded(await match(records, ada)) == {ids[0]: "certain", ids[1]: "possible"}
    assert graded(await match(records, ada, onlyCertainMatches=True)) == {ids[0]: "certain"}
    first = await match(records, ada, count=1)
    assert graded(first) == {ids[0]: "certain"}
    assert first["total"] == 2


async def test_a_record_that_is_not_active_is_never_certain(records: Records) -> None:
    ada = person(active=False)
    (id_,) = await stored(records, ada)
    assert graded(await match(records, ada)) == {id_: "probable"}


async def test_records_that_were_merged_are_one_person_and_the_standing_one_is_shown(
    records: Records,
) -> None:
    ada = person()
    kept, old = await stored(records, ada, ada)
    link = {"other": {"reference": f"Patient/{kept}"}, "type": "replaced-by"}
    await records.put({**ada, "id": old, "link": [link]}, 200)
    await records.engine.store.aliases.refresh()
    assert graded(await match(records, ada)) == {kept: "certain"}
    await records.put({**ada, "id": old}, 200)
    await records.engine.store.aliases.refresh()
    assert set(graded(await match(records, ada))) == {kept, old}


async def test_hidden_patients_are_neither_shown_nor_felt(records: Records) -> None:
    """A second record that would make the first uncertain does not, where the caller may not know of it."""
    ada = person()
    seen, _hidden = await stored(records, ada, ada)
    caller = Caller("restricted", access=Access(frozenset({seen})))
    headers = {"content-type": "application/fhir+json"}
    body = json.dump(asked(ada))
    answer = await handle(
        records.engine,
        FhirRequest("POST", ("Patient", "$match"), caller, "http://x", headers=headers, body=body),
    )
    bundle = json.parse(answer.body)
    assert graded(bundle) == {seen: "certain"}
    assert outcomes(bundle) == []


async def test_nobody_is_an_empty_searchset(records: Records) -> None:
    bundle = await match(records, person())
    assert bundle["total"] == 0
    assert "entry" not in bundle


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"resourceType": "Parameters"}, "resource"),
        (asked({}), "resource"),
        (asked({"gender": "female"}), "resource"),
        (asked({"name": [{"family": "Okafor"}]}), "resource"),
        (asked({"birthDate": "yesterday"}), "birthDate"),
        (asked({**ADA, "unheard": "of"}), "resource"),
        (asked(ADA, count=0), "count"),
        (asked(ADA, count=-3), "count"),
        (asked(ADA, count=True), "count"),
        (asked(ADA, unheard=1), "unheard"),
        (asked(ADA, onlyCertainMatches=1), "onlyCertainMatches"),
        ({"resourceType": "Parameters", "parameter": [*asked(ADA)["parameter"] * 2]}, "resource"),
        (asked({"identifier": [mr(str(number)) for number in range(51)]}), "identifiers"),
        (
            {
                "resourceType": "Parameters",
                "parameter": [{"name": "resource", "resource": {"resourceType": "Group"}}],
            },
            "Patient",
        ),
        ({"resourceType": "Parameters", "parameter": [{"name": "resource", "valueString": "x"}]}, "resource"),
    ],
)
async def test_match_says_what_is_wrong(records: Records, body: JsonObject, named: str) -> None:
    answer = await records.post("Patient/$match", body, 400)
    assert answer["resourceType"] == "OperationOutcome"
    assert named in " ".join(f"{issue['diagnostics']} {issue.get('expression')}" for issue in answer["issue"])


async def test_a_patient_to_match_is_posted(records: Records) -> None:
    await records.get("Patient/$match", 400)
    await records.get("Patient/$match?resource=x", 405)


async def test_it_is_claimed(records: Records) -> None:
    (rest,) = (await records.get("metadata"))["rest"]
    (patient,) = (one for one in rest["resource"] if one["type"] == "Patient")
    claimed = {one["name"]: one["definition"] for one in patient["operation"]}
    assert claimed["match"] == "http://hl7.org/fhir/OperationDefinition/Patient-match"
