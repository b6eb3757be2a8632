"""A programme names the version of each prescription that holds: a changed dose is a change of the programme."""

from __future__ import annotations

from collections.abc import Iterator

from services.exercise_prescription.domain.prescribed import is_prescription
from services.exercise_prescription.domain.programme import prescriptions_of, with_versions
from services.exercise_prescription.domain.terms import DOSE
from services.exercise_prescription.lifecycles import is_programme
from telerehab.canonical import extensions
from telerehab.change import Change, Refuse, Verdict, Write, rule
from telerehab.fhir.json import JsonObject


def is_prescription_change(change: Change) -> bool:
    """Whether a prescription of ours is written."""
    return change.after is not None and is_prescription(change.content)


@rule("ServiceRequest", find={"programme": "ServiceRequest.basedOn"}, when=is_prescription_change)
def programme_follows_its_prescriptions(change: Change) -> Iterator[Verdict]:
    """What the patient does changes both in one commit; no exercise is active in a programme that is not."""
    request = change.content
    programmes = [found.content for found in change.found["programme"] if is_programme(found.content)]
    if len(programmes) != 1:
        yield Refuse("A prescription belongs to one programme known here.", "ServiceRequest.basedOn")
        return
    programme = programmes[0]
    if request["status"] == "active" and programme["status"] != "active":
        yield Refuse("The programme is not active.", "ServiceRequest.status")
    elif request.get("subject") != programme.get("subject"):
        yield Refuse("The programme is another patient's.", "ServiceRequest.subject")
    elif (
        change.before is not None
        and change.subject.reference in prescriptions_of(programme)
        and what_is_done(change.before.content) != what_is_done(request)
    ):
        yield Write(with_versions(programme, {change.subject.reference: change.version}))


def what_is_done(request: JsonObject) -> tuple[object, ...]:
    """What of a prescription the patient notices."""
    elements = (request.get(name) for name in ("status", "occurrenceTiming", "bodySite"))
    return (*elements, extensions(request, DOSE))
