"""A transaction over all owners, with a process killed around it, is whole or absent; its retry has one effect."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.owners import SERVICES
from tests.faults.breakable import EVERYBODY, Breakable, until

ROUNDS = 2 * len(EVERYBODY)
AT_ONCE = 6
HELD = " UNION ALL ".join(
    f"SELECT '{service}' AS owner, count(*) AS count FROM \"{service}\".resource WHERE content LIKE $1"
    for service in SERVICES
)


@dataclass(frozen=True)
class Sent:
    """One transaction: named by its tag, which each of its resources holds; known again by header or identifier."""

    tag: str
    content: bytes
    headers: dict[str, str]


def transaction(tag: str, by_header: bool) -> Sent:
    """A resource for each owner, the others referring to the patient."""
    patient = {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}
    tagged = [{"system": "https://example.org/fault", "value": tag}]
    resources: list[JsonObject] = [
        {"resourceType": "Patient"},
        {"resourceType": "Observation", "status": "final", "code": {"text": "Pain"}, "subject": patient},
        {"resourceType": "Encounter", "status": "finished", "class": {"code": "VR"}, "subject": patient},
        {
            "resourceType": "Appointment",
            "status": "fulfilled",
            "start": "2020-01-01T09:00:00Z",
            "end": "2020-01-01T09:30:00Z",
            "participant": [{"actor": patient, "status": "accepted"}],
        },
        {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": patient},
    ]
    entries = [
        {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-{number + 1:012}",
            "resource": {**resource, "identifier": tagged},
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for number, resource in enumerate(resources)
    ]
    named = {} if by_header else {"identifier": tagged[0]}
    bundle = {"resourceType": "Bundle", **named, "type": "transaction", "entry": entries}
    return Sent(tag, json.dump(bundle), {"idempotency-key": tag} if by_header else {})


def answer_of(platform: Breakable, sent: Sent) -> bytes | None:
    """The answer, or None where there was none or the platform was not able to serve."""
    try:
        response = platform.client.post("", content=sent.content, headers=sent.headers)
    except httpx.HTTPError:
        return None
    assert response.status_code == 200 or response.status_code >= 500, response.text
    return response.content if response.status_code == 200 else None


def held(platform: Breakable, sent: Sent) -> set[int]:
    """How many resources of the transaction the owners have, in one snapshot: {0} absent, {1} whole."""
    return {row["count"] for row in platform.rows(HELD, f"%{sent.tag}%")}


def retried(platform: Breakable, sent: Sent) -> bytes:
    """The answer to the same transaction sent again, until there is one."""
    answers: list[bytes | None] = []

    def is_answered() -> bool:
        answers.append(answer_of(platform, sent))
        return answers[-1] is not None

    until(is_answered, "the retry")
    return answers[-1] or b""


def test_a_transaction_is_whole_or_absent_and_its_retry_has_one_effect(platform: Breakable) -> None:
    chance = random.Random(20240229)
    longest = _seconds_undisturbed(platform)
    cut_short = 0
    for number in range(ROUNDS):
        victim = EVERYBODY[number % len(EVERYBODY)]
        sent = [
            transaction(f"fault-{number}-{place}.", by_header=bool(place % 2)) for place in range(AT_ONCE)
        ]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            sending = [threads.submit(answer_of, platform, each) for each in sent]
            time.sleep(chance.uniform(0, longest))  # the moment of the fault, not a wait
            platform.kill(victim)
            first = [each.result() for each in sending]
        for each in sent:
            assert held(platform, each) in ({0}, {1}), f"half of {each.tag} after {victim} was killed"
        cut_short += first.count(None)
        platform.until_serving()
        for each, before in zip(sent, first, strict=True):
            again = retried(platform, each)
            assert before is None or again == before, f"{each.tag} was answered otherwise the second time"
            assert answer_of(platform, each) == again
            assert held(platform, each) == {1}, f"{each.tag} had another effect than one"
    assert cut_short > 0, "no fault has struck: the delays are wrong"


def _seconds_undisturbed(platform: Breakable) -> float:
    """How long the transactions of a round take when nothing is killed."""
    for attempt in ("first", "second"):
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for place in range(AT_ONCE):
                threads.submit(answer_of, platform, transaction(f"{attempt}-{place}.", by_header=True))
    return time.monotonic() - began
