"""Safety in the story: no visit before it is known to be safe, and an alert that reaches who must act."""

from __future__ import annotations

from datetime import UTC, datetime

from demo import resources
from demo.cast import Journey
from demo.client import reference_to
from demo.reading import require, shown
from telerehab import canonical
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment, utc

DANGER_SIGN = "calf-swelling-tender"


def pass_the_gate(journey: Journey) -> None:
    """The visit may not start yet, and is told why; then it is confirmed, and the patient's screening is clear."""
    refused = journey.clinic.call(f"{journey.encounter}/$start", expect=422)
    for issue in refused.content["issue"]:
        journey.tell.note(f"422 {issue['diagnostics']}")
    consent = reference_to(journey.clinic.create(resources.consent(journey.patient, utc(datetime.now(UTC)))))
    confirmation = resources.safety(journey.practitioner, consent)
    confirmed = journey.clinic.call(f"{journey.encounter}/$confirm-safety", *confirmation)
    visit = confirmed.content
    require(
        canonical.extensions(visit, canonical.VISIT_SAFETY) != [], "what was confirmed is not in the visit"
    )
    unknown = journey.clinic.call(f"{journey.encounter}/$start", expect=422).content["issue"]
    require(len(unknown) == 1, f"only the red flags should be unknown, not {unknown}")
    journey.tell.note(f"422 {unknown[0]['diagnostics']}")
    answer, heard = screen(journey, "")
    require(canonical.has_profile(heard[-1], canonical.HEARD_SCREENING), "the screening was not heard of")
    journey.shows(consent, answer, *map(reference_to, heard))


def raise_a_red_flag(journey: Journey) -> None:
    """A screening of the hip shows a danger sign: the alert is there with the answer, and reaches the care team."""
    answer, told = screen(journey, DANGER_SIGN)
    (issue,) = journey.clinic.search("DetectedIssue", ("implicated", answer))
    (task,) = journey.clinic.search("Task", ("focus", reference_to(issue)))
    due = moment(task["restriction"]["period"]["end"])
    require(due is not None and due > datetime.now(UTC), "the task should have a deadline to come")
    (message,) = (one for one in told if canonical.has_profile(one, canonical.ALERT_MESSAGE))
    require(message["status"] == "in-progress", "nobody has acknowledged the alert")
    require(
        message["recipient"] == [resources.reference(journey.practitioner)], "nobody is told of the alert"
    )
    suspected = issue["code"]["coding"][0]["display"]
    journey.tell.note(f"Suspected: {suspected}. Somebody must act by {shown(due)}.")
    journey.shows(answer, reference_to(issue), reference_to(task), reference_to(message))


def screen(journey: Journey, danger_sign: str) -> tuple[str, list[JsonObject]]:
    """The patient's answers, and every message about this patient once they were heard of."""
    screening = resources.hip_screening(journey.patient, danger_sign, utc(datetime.now(UTC)))
    answered = journey.partner.ask("POST", "QuestionnaireResponse", screening, expect=201)
    messages = journey.clinic.read(f"Communication?subject={journey.patient}", position=answered.position)
    answer = reference_to(journey.partner.read(reference_to(answered.content)))
    return answer, [entry["resource"] for entry in messages.get("entry", ())]
