"""Transactions over several owners: all or nothing, in one commit, with one answer."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from telerehab.fhir.json import JsonObject
from tests.services.deployment import Deployment, deployed
from tests.services.gateway.bundles import (
    entry,
    goal,
    identifier,
    ids,
    observation,
    patient,
    post,
    transaction,
)


async def test_owners_are_written_together_and_references_follow(deployment: Deployment) -> None:
    deployment.woken.clear()
    answer = await post(
        deployment,
        transaction(
            entry("POST", "Observation", observation("urn:uuid:p"), "urn:uuid:o"),
            entry(
                "POST",
                "Goal",
                goal("urn:uuid:p", outcomeReference=[{"reference": "urn:uuid:o"}]),
                "urn:uuid:g",
            ),
            entry("POST", "Patient", patient(), "urn:uuid:p"),
        ),
    )
    assert answer.status_code == 200, answer.text
    observed, aim, person = ids(answer)
    entries = answer.json()["entry"]
    assert [one["response"]["status"] for one in entries] == ["201 Created"] * 3
    assert all(one["response"]["etag"] == 'W/"1"' for one in entries)
    assert all("resource" not in one for one in entries)
    read = [(await deployment.client.get(each)).json() for each in (observed, aim, person)]
    assert read[0]["subject"]["reference"] == read[1]["subject"]["reference"] == person
    assert read[1]["outcomeReference"] == [{"reference": observed}]
    assert [one["meta"]["lastUpdated"] for one in read] == [
        one["response"]["lastModified"] for one in entries
    ]
    assert sorted(set(deployment.woken)) == ["exercise_prescription", "outcomes", "records"]


@pytest.mark.parametrize(
    ("spoilt", "status", "where"),
    [
        (entry("POST", "Goal", {"resourceType": "Goal"}), 400, "Bundle.entry[2]"),
        (entry("PUT", "Goal/g1", goal("Patient/1", id="g1"), ifMatch='W/"7"'), 412, "Bundle.entry[2]"),
        (entry("POST", "Goal", goal("Patient?identifier=nobody")), 412, "Bundle.entry[2]"),
        (entry("POST", "Nothing", {"resourceType": "Nothing"}), 404, "Bundle.entry[2]"),
        (entry("POST", "Goal", goal("urn:uuid:nowhere")), 400, "Bundle.entry[2]"),
        (entry("POST", "Goal"), 400, "Bundle.entry[2]"),
        (entry("PUT", "Goal/a", goal("Patient/1", id="b")), 400, "Bundle.entry[2]"),
        (entry("POST", "Goal/$do", goal("Patient/1")), 422, "Bundle.entry[2]"),
        (entry("PATCH", "Goal/a", goal("Patient/1")), 400, "Bundle.entry[2]"),
    ],
)
async def test_a_fault_in_one_owner_leaves_nothing_anywhere(
    deployment: Deployment, spoilt: JsonObject, status: int, where: str
) -> None:
    before = await deployment.counts()
    answer = await post(
        deployment,
        transaction(
            entry("POST", "Patient", patient(), "urn:uuid:p"),
            entry("POST", "Observation", observation("urn:uuid:p")),
            spoilt,
        ),
    )
    assert answer.status_code == status, answer.text
    issues = answer.json()["issue"]
    assert all(issue["expression"][0].startswith(where) for issue in issues), issues
    assert stored(await deployment.counts()) == stored(before)


def stored(counts: dict[str, int]) -> dict[str, int]:
    """How much there is of all but the audit, which records what was refused too."""
    return {name: count for name, count in counts.items() if not name.endswith("audit")}


async def test_faults_of_all_owners_are_told_at_once(deployment: Deployment) -> None:
    answer = await post(
        deployment,
        transaction(
            entry("POST", "Patient", patient(gender="x")), entry("POST", "Goal", {"resourceType": "Goal"})
        ),
    )
    told = {issue["expression"][0].split(".")[1] for issue in answer.json()["issue"]}
    assert told == {"entry[0]", "entry[1]"}


async def test_references_may_be_circular(deployment: Deployment) -> None:
    other = {"other": {"reference": "urn:uuid:b"}, "type": "seealso"}
    back = {"other": {"reference": "urn:uuid:a"}, "type": "seealso"}
    answer = await post(
        deployment,
        transaction(
            entry("POST", "Patient", patient(link=[other]), "urn:uuid:a"),
            entry("POST", "Patient", patient(link=[back]), "urn:uuid:b"),
        ),
    )
    first, second = ids(answer)
    assert (await deployment.client.get(first)).json()["link"][0]["other"]["reference"] == second
    assert (await deployment.client.get(second)).json()["link"][0]["other"]["reference"] == first


async def test_references_by_criteria_are_resolved_at_their_owner(deployment: Deployment) -> None:
    mrn = uuid4().hex
    (known,) = ids(
        await post(deployment, transaction(entry("POST", "Patient", patient(identifier=[identifier(mrn)]))))
    )
    answer = await post(
        deployment,
        transaction(
            entry("POST", "Observation", observation(f"Patient?identifier=http://hospital.example/mrn|{mrn}"))
        ),
    )
    (observed,) = ids(answer)
    assert (await deployment.client.get(observed)).json()["subject"]["reference"] == known


async def test_conditional_create_finds_what_is_there(deployment: Deployment) -> None:
    mrn = uuid4().hex
    criteria = f"identifier=http://hospital.example/mrn|{mrn}"
    bundle = transaction(
        entry("POST", "Patient", patient(identifier=[identifier(mrn)]), "urn:uuid:p", ifNoneExist=criteria),
        entry("POST", "Observation", observation("urn:uuid:p")),
    )
    first, second = await post(deployment, bundle), await post(deployment, bundle)
    statuses = [[one["response"]["status"] for one in each.json()["entry"]] for each in (first, second)]
    assert statuses == [["201 Created", "201 Created"], ["200 OK", "201 Created"]]
    assert ids(first)[0] == ids(second)[0]
    assert (
        first.json()["entry"][0]["response"]["lastModified"]
        == second.json()["entry"][0]["response"]["lastModified"]
    )
    assert (await deployment.client.get(ids(second)[1])).json()["subject"]["reference"] == ids(first)[0]


async def test_racing_conditional_creates_make_one_resource(deployment: Deployment) -> None:
    mrn = uuid4().hex
    criteria = f"identifier=http://hospital.example/mrn|{mrn}"
    bundle = transaction(
        entry("POST", "Patient", patient(identifier=[identifier(mrn)]), "urn:uuid:p", ifNoneExist=criteria),
        entry("POST", "Observation", observation("urn:uuid:p")),
    )
    answers = await asyncio.gather(*(post(deployment, bundle) for _ in range(50)))
    done = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({ids(answer)[0] for answer in done}) == 1
    found = (await deployment.client.get("Patient", params={"identifier": mrn})).json()
    assert len(found["entry"]) == 1
    observed = (
        await deployment.client.get("Observation", params={"subject": ids(done[0])[0], "_count": 100})
    ).json()
    assert len(observed["entry"]) == len(done)


async def test_conditional_update_and_delete(deployment: Deployment) -> None:
    mrn = uuid4().hex
    url = f"Patient?identifier=http://hospital.example/mrn|{mrn}"
    content = patient("Before", identifier=[identifier(mrn)])
    (made,) = ids(await post(deployment, transaction(entry("PUT", url, content))))
    changed = await post(deployment, transaction(entry("PUT", url, {**content, "active": True})))
    assert ids(changed) == [made]
    assert changed.json()["entry"][0]["response"]["etag"] == 'W/"2"'
    gone = await post(deployment, transaction(entry("DELETE", url)))
    assert gone.json()["entry"][0]["response"]["status"] == "204 No Content"
    assert (await deployment.client.get(made)).status_code == 410
    again = await post(deployment, transaction(entry("DELETE", url)))
    assert again.json()["entry"][0]["response"]["status"] == "204 No Content"


@pytest.mark.parametrize("named", ["header", "identifier"])
async def test_a_repeated_command_has_one_effect_and_one_answer(deployment: Deployment, named: str) -> None:
    key = uuid4().hex
    headers = {"idempotency-key": key} if named == "header" else {}
    more = {} if headers else {"identifier": {"system": "http://hospital.example/bundles", "value": key}}
    bundle = transaction(
        entry("POST", "Patient", patient(), "urn:uuid:p"),
        entry("POST", "Observation", observation("urn:uuid:p")),
        entry("PUT", f"Goal/{key}", goal("urn:uuid:p", id=key)),
        **more,
    )
    first = await post(deployment, bundle, **headers)
    assert first.status_code == 200, first.text
    before = await deployment.counts()
    repeated = await asyncio.gather(*(post(deployment, bundle, **headers) for _ in range(5)))
    assert [each.json() for each in repeated] == [first.json()] * 5
    assert await deployment.counts() == before
    assert (await post(deployment, bundle, **{"idempotency-key": "x" * 300})).status_code == 400
    bundle["entry"].pop()
    other = await post(deployment, bundle, **headers)
    assert other.status_code == 422
    assert stored(await deployment.counts()) == stored(before)


async def test_racing_repetitions_have_one_effect(deployment: Deployment) -> None:
    bundle = transaction(
        entry("POST", "Patient", patient(), "urn:uuid:p"),
        entry("POST", "Observation", observation("urn:uuid:p")),
    )
    key = uuid4().hex
    answers = await asyncio.gather(*(post(deployment, bundle, **{"idempotency-key": key}) for _ in range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert len({answer.text for answer in answers}) == 1


async def test_two_writes_to_one_resource_are_refused(deployment: Deployment) -> None:
    id_ = uuid4().hex
    answer = await post(
        deployment,
        transaction(entry("PUT", f"Patient/{id_}", patient(id=id_)), entry("DELETE", f"Patient/{id_}")),
    )
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]


async def test_reads_see_what_the_transaction_wrote(deployment: Deployment) -> None:
    id_ = uuid4().hex
    answer = await post(
        deployment,
        transaction(
            entry("GET", f"Patient/{id_}"),
            entry("GET", f"Observation?subject=Patient/{id_}"),
            entry("PUT", f"Patient/{id_}", patient("Seen", id=id_)),
            entry("POST", "Observation", observation(f"Patient/{id_}")),
        ),
    )
    read, search, *_ = answer.json()["entry"]
    assert read["resource"]["name"][0]["family"] == "Seen"
    assert len(search["resource"]["entry"]) == 1


@pytest.mark.parametrize(
    ("prefer", "shown"), [("representation", "resource"), ("OperationOutcome", "outcome"), ("minimal", None)]
)
async def test_the_answer_shows_what_is_preferred(
    deployment: Deployment, prefer: str, shown: str | None
) -> None:
    bundle = transaction(
        entry("POST", "Patient", patient()), entry("POST", "Observation", observation("Patient/1"))
    )
    answer = await post(deployment, bundle, prefer=f"return={prefer}")
    for one in answer.json()["entry"]:
        assert ("resource" in one) == (shown == "resource")
        assert ("outcome" in one["response"]) == (shown == "outcome")


async def test_an_unchanged_update_makes_no_version(deployment: Deployment) -> None:
    id_ = uuid4().hex
    bundle = transaction(entry("PUT", f"Patient/{id_}", patient(id=id_)))
    first, second = await post(deployment, bundle), await post(deployment, bundle)
    assert [one.json()["entry"][0]["response"]["etag"] for one in (first, second)] == ['W/"1"'] * 2
    assert second.json()["entry"][0]["response"]["status"] == "200 OK"


async def test_an_owner_that_is_down_is_told_and_nothing_is_stored(fragile: Deployment) -> None:
    await fragile.stop("outcomes")
    before = await fragile.counts()
    answer = await post(
        fragile,
        transaction(
            entry("POST", "Patient", patient(), "urn:uuid:p"),
            entry("POST", "Observation", observation("urn:uuid:p")),
        ),
    )
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert "outcomes" in answer.json()["issue"][0]["diagnostics"]
    assert stored(await fragile.counts()) == stored(before)
    alone = await post(fragile, transaction(entry("POST", "Patient", patient())))
    assert alone.status_code == 200


def appointment(actor: str, start: str, end: str) -> JsonObject:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "start": start,
        "end": end,
        "participant": [{"actor": {"reference": actor}, "status": "accepted"}],
    }


async def test_a_taken_time_refuses_the_whole(deployment: Deployment) -> None:
    practitioner = f"Practitioner/{uuid4()}"
    taken = appointment(practitioner, "2099-01-05T09:00:00Z", "2099-01-05T09:30:00Z")
    overlapping = appointment(practitioner, "2099-01-05T09:15:00Z", "2099-01-05T09:45:00Z")
    assert (await post(deployment, transaction(entry("POST", "Appointment", taken)))).status_code == 200
    before = await deployment.counts()
    answer = await post(
        deployment,
        transaction(entry("POST", "Patient", patient()), entry("POST", "Appointment", overlapping)),
    )
    assert answer.status_code == 409, answer.text
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert stored(await deployment.counts()) == stored(before)


async def test_separate_databases_are_not_written_together(
    new_database: Any, deployment_template: str
) -> None:
    dsn = await new_database(template=deployment_template)
    async with deployed(dsn, "direct", frozenset({"outcomes"})) as apart:
        bundle = transaction(
            entry("POST", "Patient", patient(), "urn:uuid:p"),
            entry("POST", "Observation", observation("urn:uuid:p")),
        )
        answer = await post(apart, bundle)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "not-supported")
        together = transaction(entry("POST", "Patient", patient()), entry("POST", "Goal", goal("Patient/1")))
        assert (await post(apart, together)).status_code == 200
        alone = await post(apart, transaction(entry("POST", "Observation", observation("Patient/1"))))
        assert alone.status_code == 200, alone.text
        (made,) = ids(alone)
        assert (await apart.client.get(made)).status_code == 200


@pytest.mark.parametrize(
    ("spoilt", "status"),
    [
        (entry("POST", "Goal", {"resourceType": "Goal"}), 400),
        (entry("PUT", "Goal?_id=of-two,of-both", goal("Patient/1")), 412),
        (entry("GET", "Goal/never"), 404),
    ],
)
async def test_a_refused_transaction_is_on_record_at_its_owners(
    deployment: Deployment, spoilt: JsonObject, status: int
) -> None:
    for id_ in ("of-two", "of-both"):
        await deployment.client.put(f"Goal/{id_}", json=goal("Patient/1", id=id_))
    request_id = uuid4().hex
    answer = await post(
        deployment,
        transaction(entry("POST", "Patient", patient()), spoilt),
        **{"x-request-id": request_id},
    )
    assert answer.status_code == status
    rows = await deployment.engines["records"].store.pool.fetch(
        "SELECT action, outcome, query FROM audit WHERE request_id = $1", answer.headers["x-request-id"]
    )
    assert [tuple(row) for row in rows] == [("E", status, "transaction")]
