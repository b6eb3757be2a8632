"""The care path: responses scored and stored, doses judged, protocols applied, alerts seen while the platform is busy.

`python -m bench.care` measures these alone; `make bench` does so with all the rest.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import httpx
import uvloop

from bench.client import Address, Load, here, paced, request, send
from bench.measuring import Target, figure
from bench.processes import Processes
from bench.progression import evaluations_per_cpu_second
from bench.report import Report
from clinical.instruments import instruments
from demo.deployment import Deployment, deployed
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.owners import SERVICES

BASE = "/fhir/R4"
PATIENTS = 200
SECONDS = 6.0  # for one figure
APPLIED = 60
ALERTS = 30
PACE = 100.0  # responses a second, while alerts are waited for
SCORED_AIM, EVALUATED_AIM = 700, 2000  # per CPU second
APPLY_AIM, ALERT_AIM = 0.05, 1.0  # seconds
PATIENCE = 30.0  # seconds until an alert that does not come is an error
OUTCOMES, PRESCRIPTION, SESSION = "outcomes", "exercise_prescription", "session"
ANSWER = "https://telerehab.example.org/fhir/CodeSystem/answer"
QUESTIONNAIRE = "https://telerehab.example.org/fhir/Questionnaire"
OFTEN = ("not-at-all", "several-days", "more-than-half", "nearly-every-day")


async def measure(deployment: Deployment, processes: Processes, report: Report) -> None:
    """All figures of the care path, printed one by one."""
    await _patients(deployment)
    owner = Target(_at(deployment, OUTCOMES), lambda: processes.cpu(OUTCOMES), (processes.postgres_cpu,))
    scored = await figure("response scored and stored", owner, responses(), SECONDS)
    report.figure(scored)
    report.rate("responses scored", scored.per_cpu, SCORED_AIM)
    report.rate("doses judged, 21 days of logs", evaluations_per_cpu_second(), EVALUATED_AIM)
    report.waited("$apply, one at a time", await _apply(deployment), APPLY_AIM)
    report.waited(f"alert seen, {PACE:.0f} responses/s beside", await _alerts(deployment), ALERT_AIM)


def responses() -> Iterator[bytes]:
    """PHQ-9, each of another patient than the ones before, with answers that alert nobody."""
    bodies = [json.dump(_phq_9(number)) for number in range(PATIENTS)]
    return cycle([request("POST", f"{BASE}/QuestionnaireResponse", body) for body in bodies])


async def _patients(deployment: Deployment) -> None:
    wanted = [
        request("PUT", f"{BASE}/{type_}/{id_}", json.dump({"resourceType": type_, "id": id_}))
        for type_, id_ in (("Practitioner", "care"), *(("Patient", _patient(n)) for n in range(PATIENTS)))
    ]
    await send(here(deployment.port), wanted, 8)


async def _apply(deployment: Deployment) -> Load:
    """A phase of five exercises for one patient after the other, at the owner's port."""
    given = [
        {"name": "practitioner", "valueString": "Practitioner/care"},
        {"name": "timezone", "valueCode": "Europe/Vienna"},
    ]
    wanted = []
    for number in range(APPLIED):
        subject = {"name": "subject", "valueString": f"Patient/{_patient(number)}"}
        body = json.dump({"resourceType": "Parameters", "parameter": [subject, *given]})
        wanted.append(request("POST", f"{BASE}/PlanDefinition/hip-oa-1.0.0/$apply", body))
    at = _at(deployment, PRESCRIPTION)
    await send(at, wanted[:5], 1)
    return await send(at, wanted, 1)


async def _alerts(deployment: Deployment) -> Load:
    """From the answer of a danger sign to the message that the care team finds at session, under load."""
    background = asyncio.create_task(
        paced(_at(deployment, OUTCOMES), responses(), PACE, ALERTS * ALERT_AIM / 2)
    )
    load = Load()
    async with httpx.AsyncClient(
        timeout=PATIENCE, headers={"content-type": "application/fhir+json"}
    ) as client:
        for number in range(ALERTS):
            load.latencies.append(await _alert(client, deployment, _patient(number)))
            load.statuses[200] += 1
    await background
    load.latencies.sort()
    return load


async def _alert(client: httpx.AsyncClient, deployment: Deployment, patient: str) -> float:
    outcomes, session = _at(deployment, OUTCOMES), _at(deployment, SESSION)
    shown = json.dump(_danger(patient))
    answer = await client.post(
        f"http://{outcomes.host}:{outcomes.port}{BASE}/QuestionnaireResponse", content=shown
    )
    answer.raise_for_status()
    answered = time.perf_counter()
    category = "http://terminology.hl7.org/CodeSystem/communication-category|alert"
    search = f"http://{session.host}:{session.port}{BASE}/Communication"
    while time.perf_counter() - answered < PATIENCE:
        found = await client.get(search, params={"subject": f"Patient/{patient}", "category": category})
        found.raise_for_status()
        if found.json().get("entry"):
            return time.perf_counter() - answered
    raise RuntimeError("an alert did not come")


def _phq_9(number: int) -> JsonObject:
    *items, self_harm = (item.link_id for item in instruments()["phq-9"].scored())
    said = [_choice(name, OFTEN[(number + place) % len(OFTEN)]) for place, name in enumerate(items)]
    return _response("phq-9", _patient(number), [*said, _choice(self_harm, OFTEN[0])])


def _danger(patient: str) -> JsonObject:
    yes: JsonObject = {"linkId": "hot-joint-fever", "answer": [{"valueBoolean": True}]}
    return _response("red-flags-hip", patient, [yes])


def _choice(link_id: str, code: str) -> JsonObject:
    coding = {"system": ANSWER, "code": f"frequency.{code}"}
    return {"linkId": link_id, "answer": [{"valueCoding": coding}]}


def _response(name: str, patient: str, items: list[JsonObject]) -> JsonObject:
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{QUESTIONNAIRE}/{name}|1.0.0",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "authored": "2026-03-03T10:00:00+01:00",
        "item": items,
    }


def _patient(number: int) -> str:
    return f"care-{number}"


def _at(deployment: Deployment, service: str) -> Address:
    return here(deployment.port + 1 + SERVICES.index(service))


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="tr-bench-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with deployed(folder / "data") as deployment:
            processes = Processes.below(deployment.process.pid, deployment.data / "postgres")
            uvloop.run(measure(deployment, processes, Report()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
