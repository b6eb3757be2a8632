"""An event takes effect once, though who says it, who hears it or the database between them is killed meanwhile."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx

from telerehab import canonical
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from tests.faults.breakable import POSTGRESQL, Breakable, until

ROUNDS = 9
AT_ONCE = 6
VICTIMS = ("session", "scheduling", POSTGRESQL)
LONGEST_DELAY = 0.3
FIRST = (datetime.now(UTC) + timedelta(days=40)).replace(microsecond=0)

VISITS = """
    SELECT id, version,
           content::json ->> 'status' AS status,
           content::json -> 'appointment' -> 0 ->> 'reference' AS appointment
    FROM session.resource WHERE type = 'Encounter' AND content LIKE '%' || $1 || '%'
"""
UNHANDLED = " UNION ALL ".join(
    f'SELECT handler, error FROM "{service}".dead_letter' for service in ("scheduling", "session")
)


def test_a_booking_makes_one_visit_and_its_cancellation_ends_it(platform: Breakable) -> None:
    chance = random.Random(20240229)
    patient, practitioner = _made(platform, "Patient"), _made(platform, "Practitioner")
    visits: dict[str, str] = {}
    cancelled: set[str] = set()
    struck = 0
    before = platform.deployment.events()
    for number in range(ROUNDS):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            hours = range(number * AT_ONCE, (number + 1) * AT_ONCE)
            booking = [threads.submit(_book, platform, hour, patient, practitioner) for hour in hours]
            time.sleep(chance.uniform(0, LONGEST_DELAY))  # the moment of the fault, not a wait
            struck += platform.kill(VICTIMS[number % len(VICTIMS)])
            booked = [each.result() for each in booking]
        for appointment in booked:
            visit = canonical.extension_value(appointment, canonical.VISIT_ENCOUNTER) or {}
            visits[f"Appointment/{appointment['id']}"] = visit["reference"].partition("/")[2]
        _called(platform, f"cancel {number}", {**booked[-1], "status": "cancelled"})
        cancelled.add(f"Appointment/{booked[-1]['id']}")
    assert struck > ROUNDS / 2, "hardly anything was there to be killed"
    platform.until_serving()
    until(lambda: len(_visits(platform, practitioner)) == len(visits), "every visit")
    until(
        lambda: (
            {v["appointment"] for v in _visits(platform, practitioner) if v["status"] == "cancelled"}
            == cancelled
        ),
        "every cancellation",
    )
    found = _visits(platform, practitioner)
    assert {visit["appointment"]: visit["id"] for visit in found} == visits
    assert all(visit["version"] == (2 if visit["appointment"] in cancelled else 1) for visit in found)
    assert platform.rows(UNHANDLED) == []
    said = platform.deployment.events() - before
    assert (said["AppointmentBooked"], said["AppointmentCancelled"]) == (len(visits), len(cancelled))


def _visits(platform: Breakable, practitioner: str) -> list[dict[str, object]]:
    return platform.rows(VISITS, practitioner)


def _made(platform: Breakable, type_: str) -> str:
    answer = platform.client.post(type_, content=json.dump({"resourceType": type_}))
    return f"{type_}/{json.parse_object(answer.content)['id']}"


def _book(platform: Breakable, hour: int, patient: str, practitioner: str) -> JsonObject:
    """Book a time of its own; the Appointment."""
    start = FIRST + timedelta(hours=hour)
    wanted = {
        "resourceType": "Appointment",
        "status": "booked",
        "start": utc(start),
        "end": utc(start + timedelta(minutes=30)),
        "participant": [
            {"actor": {"reference": reference}, "status": "accepted"} for reference in (patient, practitioner)
        ],
    }
    return _called(platform, f"book {hour}", wanted)


def _called(platform: Breakable, key: str, wanted: JsonObject) -> JsonObject:
    """What `$book` answers, asked again with the same key until it is answered."""
    given = {"name": "appointment-resource", "resource": wanted}
    body = json.dump({"resourceType": "Parameters", "parameter": [given]})
    answers: list[httpx.Response] = []

    def is_answered() -> bool:
        try:
            answer = platform.client.post("Appointment/$book", content=body, headers={"idempotency-key": key})
        except httpx.HTTPError:
            return False
        assert answer.status_code == 200 or answer.status_code >= 500, answer.text
        answers.append(answer)
        return answer.status_code == 200

    until(is_answered, "the booking")
    appointment: JsonObject = json.parse_object(answers[-1].content)["entry"][0]["resource"]
    return appointment
