"""The programme: a protocol becomes a draft for one patient, a clinician activates it, and decides about each dose."""

from __future__ import annotations

from typing import Any

from demo import app, resources
from demo.cast import Journey
from demo.client import reference_to
from demo.reading import messages, require
from telerehab import canonical
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject

PROTOCOL = f"{canonical.BASE}/PlanDefinition/hip-oa"
DOSE = f"{canonical.BASE}/StructureDefinition/exercise-dose"
FORMER_DOSE = f"{canonical.BASE}/StructureDefinition/former-exercise-dose"


def apply_the_protocol(journey: Journey) -> None:
    """The protocol for hip osteoarthritis becomes a draft programme for her; nothing of it counts yet."""
    (plan,) = journey.clinic.search("PlanDefinition", ("url", PROTOCOL))
    draft = journey.clinic.call(
        f"{reference_to(plan)}/$apply",
        {"name": "subject", "valueString": journey.patient},
        {"name": "practitioner", "valueString": journey.practitioner},
        {"name": "encounter", "valueString": journey.encounter},
        {"name": "timezone", "valueCode": resources.CLINIC_ZONE},
        {"name": "start", "valueDate": app.on_day(journey.today, 1).isoformat()},
    ).content
    journey.care_plan = reference_to(draft)
    requests = journey.exercises = prescriptions(journey)
    require(draft["status"] == "draft", "a programme should be a draft")
    require({one["status"] for one in requests} == {"draft"}, "a prescription should be a draft")
    journey.tell.note(draft["title"])
    for request in requests:
        journey.tell.note(f"{title(request):<25} {in_words(request)}")
    journey.bridge = next(reference_to(one) for one in requests if title(one) == "Bridge")
    journey.shows(journey.care_plan, *map(reference_to, requests))


def activate(journey: Journey) -> None:
    """Nobody's programme is no programme; the physiotherapist activates it, and the patient is told."""
    draft = journey.clinic.read(journey.care_plan)
    nobodys = {name: value for name, value in draft.items() if name != "author"}
    refused = journey.clinic.update({**nobodys, "status": "active"}, expect=422)
    journey.tell.note(f"422 {refused.content['issue'][0]['diagnostics']}")
    journey.begins_with(journey.clinic.update({**draft, "status": "active"}))
    require({one["status"] for one in prescriptions(journey)} == {"active"}, "its exercises should be active")
    journey.shows(journey.care_plan)


def see_the_news(journey: Journey) -> None:
    """The patient is told of the programme."""
    journey.shows(_news(journey))


def _news(journey: Journey) -> str:
    """What the patient is told of the programme as it is now; what was told before is overtaken."""
    told = messages(journey, canonical.PROGRAMME_MESSAGE)
    (latest,) = (one for one in told if one["status"] == "in-progress")
    version = journey.clinic.read(journey.care_plan)["meta"]["versionId"]
    require(
        latest["about"] == [resources.reference(f"{journey.care_plan}/_history/{version}")],
        "the patient is told of another version",
    )
    return reference_to(latest)


def check_the_form(journey: Journey) -> None:
    """The bridge is done well, as seen on video: without that no dose would ever be raised."""
    journey.clinic.call(
        f"{journey.bridge}/$check-form",
        {"name": "good", "valueBoolean": True},
        {"name": "practitioner", "valueString": journey.practitioner},
    )
    journey.clinic.read(journey.bridge)
    journey.shows(journey.bridge)


def accept(journey: Journey, proposal: JsonObject) -> None:
    """The physiotherapist accepts a proposal: the prescription has the dose in the same commit."""
    decided = journey.clinic.call(
        f"{reference_to(proposal)}/$decide",
        {"name": "decision", "valueCode": "accept"},
        {"name": "practitioner", "valueString": journey.practitioner},
    )
    journey.begins_with(decided)
    require(decided.content["status"] == "completed", "the proposal should be completed")
    request = journey.clinic.read(journey.bridge)
    require(dose(request) == dose(proposal["action"][0]), "the prescription has another dose")
    journey.tell.note(f"Accepted: {in_words(request)}, and the patient is told.")
    journey.shows(journey.bridge, journey.care_plan, _news(journey))


def proposals(journey: Journey) -> list[JsonObject]:
    """The proposals that wait for a clinician, once the last write was heard of."""
    return journey.clinic.search(
        "RequestGroup", ("subject", journey.patient), ("status", "draft"), position=journey.position
    )


def tell_proposal(journey: Journey, proposal: JsonObject) -> None:
    """What is proposed, why, and from which logs that follows."""
    action = proposal["action"][0]
    was, will = (dose(action, url)["repetitions"] for url in (FORMER_DOSE, DOSE))
    evidence = list(values_at(proposal, "reasonReference.reference"))
    require(bool(evidence), "a proposal should name its evidence")
    journey.tell.note(
        f"{action['title']}: {was} → {will} repetitions. {proposal['reasonCode'][0]['text']}"
        f" It follows from {len(evidence)} logs."
    )
    journey.shows(reference_to(proposal))


def prescriptions(journey: Journey) -> list[JsonObject]:
    """Her exercises, in the order of the programme."""
    care_plan = journey.clinic.read(journey.care_plan)
    return [journey.clinic.read(one) for one in values_at(care_plan, "activity.reference.reference")]


def title(request: JsonObject) -> str:
    """The name of an exercise."""
    return str(request["code"]["text"])


def in_words(request: JsonObject) -> str:
    """A dose as a patient reads it."""
    return str(request["orderDetail"][0]["text"])


def dose(element: JsonObject, url: str = DOSE) -> dict[str, Any]:
    """The variables of the dose in an element."""
    (stated,) = canonical.extensions(element, url)
    names = ("variant", "sets", "repetitions", "hold", "duration", "distance", "load")
    return {name: value for name in names if (value := canonical.extension_value(stated, name)) is not None}
