"""No exercise begins while an alert of the patient is open, or against a contraindication, unless a clinician says why.

What session does before a visit, this does before a programme: what speaks against it is named, each for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from services.exercise_prescription.domain.override import overridden
from services.exercise_prescription.domain.precautions import BLOCK, against
from services.exercise_prescription.domain.prescribed import exercise_of, is_prescription
from services.exercise_prescription.domain.programme import prescriptions_of
from services.exercise_prescription.domain.terms import OVERRIDE
from services.exercise_prescription.lifecycles import is_programme
from services.exercise_prescription.patient_history import history_of_subject
from services.exercise_prescription.projections.safety_alert import open_alerts_of_subject
from telerehab.change import Change, Refuse, Verdict, rule, values_at
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource

TO_BEGIN = ("draft", "active", "on-hold")
AGAINST = {"alerts": open_alerts_of_subject, "history": history_of_subject}


def programme_begins(change: Change) -> bool:
    """Whether a programme of ours becomes active, for the first time or again."""
    return change.after is not None and is_programme(change.content) and change.became("status") == "active"


def exercise_begins(change: Change) -> bool:
    """Whether one exercise of a programme that goes on becomes active; what begins with it was judged with it."""
    if change.after is None or not is_prescription(change.content) or change.became("status") != "active":
        return False
    programmes = set(values_at(change.content, "basedOn.reference"))
    return not any(
        other.subject.reference in programmes and programme_begins(other) for other in change.others
    )


@rule("CarePlan", find={**AGAINST, "prescriptions": "CarePlan.activity.reference"}, when=programme_begins)
def no_programme_begins_against_a_danger_sign(change: Change) -> Iterator[Verdict]:
    """An override names what it decides about: an alert that comes later is not decided."""
    named = prescriptions_of(change.content)
    begun = [
        one.content
        for one in change.found["prescriptions"]
        if one.reference in named and is_prescription(one.content) and one.content["status"] in TO_BEGIN
    ]
    authors = {str(one) for one in values_at(change.content, "author.reference")}
    yield from _against(change, begun, overridden(change.content, authors))


@rule("ServiceRequest", find={**AGAINST, "programme": "ServiceRequest.basedOn"}, when=exercise_begins)
def no_exercise_begins_against_a_danger_sign(change: Change) -> Iterator[Verdict]:
    """One that is added to a programme, or resumed; what was decided for the programme counts."""
    requester = str(change.content.get("requester", {}).get("reference", ""))
    decided = overridden(change.content, {requester})
    for programme in change.found["programme"]:
        authors = {str(one) for one in values_at(programme.content, "author.reference")}
        decided |= overridden(programme.content, authors)
    yield from _against(change, [change.content], decided)


def _against(change: Change, begun: Sequence[JsonObject], decided: set[str]) -> Iterator[Verdict]:
    where = f"{change.type}.extension('{OVERRIDE}')"
    for alert in change.found["alerts"]:
        if alert.reference not in decided:
            yield Refuse(
                f"A safety alert of this patient is open: {alert.reference}. Acknowledge it first, or override"
                " it with a reason.",
                where,
            )
    yield from _blocked(change, begun, change.found["history"], decided, where)


def _blocked(
    change: Change, begun: Iterable[JsonObject], history: Sequence[Resource], decided: set[str], where: str
) -> Iterator[Verdict]:
    named: dict[tuple[str, str, str], list[str]] = {}
    for request in begun:
        exercise = exercise_of(request)
        if exercise is None:
            continue  # refused elsewhere
        for found in against(exercise, history, change.now):
            if found.rule.level == BLOCK and found.source not in decided:
                named.setdefault((found.rule.id, found.rule.text, found.source), []).append(exercise.title)
    for (rule_id, text, source), titles in named.items():
        yield Refuse(
            f"{text} ({rule_id}, {source}) speaks against {', '.join(titles)}. Leave it out, or override it"
            " with a reason.",
            where,
        )
