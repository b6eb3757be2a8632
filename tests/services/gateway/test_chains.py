"""Chains, `_has`, `_list` and hierarchies reach whatever owner keeps what they ask for, and show nothing hidden."""

from __future__ import annotations

from uuid import uuid4

import pytest

from telerehab.access import Access, Caller
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search import parse_query
from telerehab.server import linked
from telerehab.server.including import OtherOwners
from tests.services.deployment import BASE, Deployment
from tests.services.gateway.bundles import batch, entry, observation, post, transaction

NAMES = (
    "Network", "Clinic", "House", "Ward", "Patient", "Stranger", "Practitioner", "Encounter", "Observation",
    "Foreign", "List",
)  # fmt: skip
TYPES = {
    "Network": "Organization", "Clinic": "Organization", "House": "Location", "Ward": "Location",
    "Stranger": "Patient", "Foreign": "Observation",
}  # fmt: skip


async def clinic(on: Deployment) -> dict[str, str]:
    """A patient seen in a ward of a clinic of a network, measured there; a stranger, measured too."""
    ids = {name: f"{TYPES.get(name, name)}/{uuid4()}" for name in NAMES}
    word = uuid4().hex

    def to(name: str) -> JsonObject:
        return {"reference": ids[name]}

    resources: dict[str, JsonObject] = {
        "Network": {"name": f"Network {word}"},
        "Clinic": {"name": f"Clinic {word}", "partOf": to("Network")},
        "House": {"name": f"House {word}"},
        "Ward": {"name": f"Ward {word}", "partOf": to("House")},
        "Patient": {
            "name": [{"family": f"Okafor{word}"}],
            "gender": "female",
            "managingOrganization": to("Clinic"),
            "identifier": [{"system": "http://example.org/mrn", "value": word}],
        },
        "Stranger": {"name": [{"family": f"Okafor{word}"}], "gender": "male"},
        "Practitioner": {"name": [{"family": f"Adler{word}"}]},
        "Encounter": {
            "status": "finished",
            "class": {"code": "VR"},
            "subject": to("Patient"),
            "participant": [{"individual": to("Practitioner")}],
            "location": [{"location": to("Ward")}],
        },
        "Observation": observation(ids["Patient"], encounter=to("Encounter"), code={"text": f"Range {word}"}),
        "Foreign": observation(ids["Stranger"], code={"text": f"Range {word}"}),
        "List": {
            "status": "current",
            "mode": "working",
            "entry": [{"item": to("Patient")}, {"item": to("Observation")}],
        },
    }
    made = [
        entry(
            "PUT",
            ids[name],
            {**resource, "resourceType": TYPES.get(name, name), "id": ids[name].partition("/")[2]},
        )
        for name, resource in resources.items()
    ]
    answer = await post(on, transaction(*made))
    assert answer.status_code == 200, answer.text
    return {**ids, "word": word}


async def found(on: Deployment, url: str) -> set[str]:
    answer = await on.client.get(url)
    assert answer.status_code == 200, answer.text
    return {one["fullUrl"].removeprefix(f"{BASE}/") for one in answer.json().get("entry", ())}


def id_of(reference: str) -> str:
    return reference.partition("/")[2]


CHAINS = [
    ("Observation?patient.family=okafor{word}", {"Observation", "Foreign"}),
    ("Observation?patient.family=okafor{word}&patient.gender=male", {"Foreign"}),
    ("Observation?subject:Patient.identifier=http://example.org/mrn|{word}", {"Observation"}),
    ("Observation?subject.family:exact=Okafor{word}&patient.gender:not=female", {"Foreign"}),
    ("Observation?patient.organization.name=clinic {word}", {"Observation"}),
    ("Observation?patient.organization.partof.name=network {word}", {"Observation"}),
    ("Observation?encounter.participant:Practitioner.family=adler{word}", {"Observation"}),
    ("Observation?encounter.subject:Patient.family=okafor{word}", {"Observation"}),
    ("Patient?_has:Observation:patient:code:text=range {word}", {"Patient", "Stranger"}),
    ("Patient?_has:Observation:patient:code:text=range {word}&gender=female", {"Patient"}),
    ("Patient?_has:Observation:subject:encounter.status=finished&family=okafor{word}", {"Patient"}),
    ("Practitioner?_has:Encounter:participant:_has:Observation:encounter:code:text=range {word}", {"Practitioner"}),
    ("Organization?_has:Patient:organization:_has:Observation:patient:code:text=range {word}", {"Clinic"}),
    ("Encounter?patient._has:Observation:patient:code:text=range {word}", {"Encounter"}),
    ("Encounter?location.name=ward {word}", {"Encounter"}),
    ("Encounter?location:below={House}", {"Encounter"}),
    ("Encounter?location:above={Ward}", {"Encounter"}),
    ("Encounter?location:above={House}", set()),
    ("Patient?_list={List}", {"Patient"}),
    ("Observation?_list={List}", {"Observation"}),
    ("Observation?patient.family=nobody{word}", set()),
    ("{Patient}/Observation?encounter.location.name=ward {word}", {"Observation"}),
]  # fmt: skip


@pytest.mark.parametrize(("url", "names"), CHAINS)
async def test_links_reach_other_owners(deployment: Deployment, url: str, names: set[str]) -> None:
    ids = await clinic(deployment)
    assert await found(deployment, url.format(**ids)) == {ids[name] for name in names}


async def test_a_link_shows_nothing_that_is_hidden(deployment: Deployment) -> None:
    ids = await clinic(deployment)
    word = ids["word"]
    mine = Access(
        frozenset({id_of(ids["Stranger"])}),
        frozenset({"Observation", "Patient", "Organization", "Encounter"}),
    )
    blind = Access(frozenset({id_of(ids["Stranger"])}), frozenset({"Observation", "Organization"}))
    asked = [
        ("outcomes", f"Observation?patient.family=okafor{word}", {"Observation", "Foreign"}, {"Foreign"}),
        ("outcomes", f"Observation?patient.organization.name=clinic {word}", {"Observation"}, set[str]()),
        ("records", f"Organization?_has:Patient:organization:gender=female&name=clinic {word}", {"Clinic"}, set()),
        ("records", f"Organization?_has:Patient:organization:_has:Encounter:patient:status=finished&name=clinic {word}",
         {"Clinic"}, set()),
    ]  # fmt: skip
    for owner, text, seen, unseen in asked:
        engine = deployment.engines[owner]
        for access, names in ((mine, seen), (blind, unseen)):
            caller = Caller("test", access=access)
            page = await engine.store.search(
                engine.query(text), access, elsewhere=OtherOwners(engine, caller)
            )
            assert {each.reference for each in page.matches} == {ids[name] for name in names}, text


async def test_a_chain_into_an_owner_that_is_down_is_no_answer(fragile: Deployment) -> None:
    ids = await clinic(fragile)
    await fragile.stop("records")
    answer = await fragile.client.get(f"Observation?patient.family=okafor{ids['word']}")
    assert answer.status_code == 503
    assert "'records'" in answer.json()["issue"][0]["diagnostics"]
    assert "retry-after" in answer.headers


async def test_a_link_to_too_many_is_refused_never_cut_off(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await clinic(deployment)
    monkeypatch.setattr(linked, "MOST", 1)
    for url in (
        f"Observation?patient.family=okafor{ids['word']}",
        f"Patient?_has:Observation:patient:code:text=range {ids['word']}",
    ):
        answer = await deployment.client.get(url)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "too-costly"), url
    one = await found(deployment, f"Observation?patient.identifier={ids['word']}")
    assert one == {ids["Observation"]}


async def test_where_a_link_is_met_by_many_the_other_criteria_lead(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await clinic(deployment)
    word = ids["word"]
    asked = [
        (f"Observation?patient.family=okafor{word}&encounter={ids['Encounter']}", {"Observation"}),
        (
            f"Observation?patient.family=okafor{word}&patient.gender=male&encounter={ids['Encounter']}",
            set[str](),
        ),
        (
            f"Patient?_has:Observation:patient:code:text=range {word}&_id={id_of(ids['Stranger'])}",
            {"Stranger"},
        ),
        (f"Patient?_has:Observation:patient:code:text=range&organization={ids['Clinic']}", {"Patient"}),
    ]
    monkeypatch.setattr(linked, "MOST", 1)
    for url, names in asked:
        assert await found(deployment, url) == {ids[name] for name in names}, url


async def test_conditional_writes_may_chain_too(deployment: Deployment) -> None:
    ids = await clinic(deployment)
    made = observation(ids["Patient"])
    criteria = f"patient.identifier=http://example.org/mrn|{ids['word']}"
    answer = await deployment.client.post("Observation", json=made, headers={"If-None-Exist": criteria})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == id_of(ids["Observation"])


async def test_entries_of_a_batch_may_chain(deployment: Deployment) -> None:
    ids = await clinic(deployment)
    url = f"Observation?patient.identifier=http://example.org/mrn|{ids['word']}"
    answer = await post(deployment, batch(entry("GET", url), entry("GET", f"{ids['Patient']}/*?_count=50")))
    first, second = answer.json()["entry"]
    assert [one["resource"]["id"] for one in first["resource"]["entry"]] == [id_of(ids["Observation"])]
    listed = {one["fullUrl"].removeprefix(f"{BASE}/") for one in second["resource"]["entry"]}
    assert listed == {ids["Patient"], ids["Encounter"], ids["Observation"]}


async def test_a_search_without_neighbours_refuses_what_only_they_know(deployment: Deployment) -> None:
    store = deployment.engines["outcomes"].store
    query = parse_query("Observation", [("patient.family", "x")])
    with pytest.raises(FhirError) as refused:
        await store.search_all(query, Caller("test").access, limit=1)
    assert (refused.value.status, refused.value.issues[0].code) == (400, "not-supported")
