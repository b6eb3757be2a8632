"""Only a named clinician makes a programme active: CarePlan.author says who, and it is somebody known."""

from __future__ import annotations

from collections.abc import Iterator

from services.exercise_prescription.lifecycles import is_programme
from telerehab.change import Change, Refuse, Verdict, rule, values_at

CLINICIANS = ("Practitioner/", "PractitionerRole/")


def begins(change: Change) -> bool:
    """Whether a programme of ours becomes active, for the first time or again."""
    return change.after is not None and is_programme(change.content) and change.became("status") == "active"


@rule("CarePlan", find={"clinician": "CarePlan.author"}, when=begins)
def programme_is_activated_by_a_named_clinician(change: Change) -> Iterator[Verdict]:
    """A programme that nobody answers for is no news for a patient."""
    named = [str(reference) for reference in values_at(change.content, "author.reference")]
    if not any(reference.startswith(CLINICIANS) for reference in named):
        yield Refuse("A programme is activated by a named clinician: say who.", "CarePlan.author", "required")
        return
    known = {found.reference for found in change.found["clinician"]}
    for reference in named:
        if reference not in known:
            yield Refuse(f"{reference} is not known here.", "CarePlan.author", "not-found")
