"""The gate before a visit: it starts only when all that must be known is known, and says what is missing."""

from __future__ import annotations

from datetime import UTC, datetime

from demo import resources
from demo.cast import Journey
from demo.client import reference_to
from demo.reading import require
from telerehab import canonical
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc

RED_FLAGS = "red-flags"


def pass_the_gate(journey: Journey) -> None:
    """The visit may not start yet, and is told why; then what is missing is asked and confirmed."""
    missing = refused_start(journey)
    require(len(missing) == 5, f"five things should be missing, not {len(missing)}")
    require(about_red_flags(missing) == [], "the screening was clear, and the visit should know it")
    journey.shows(confirm_all(journey), journey.encounter)


def refused_start(journey: Journey) -> list[JsonObject]:
    """Everything that keeps the visit from starting, as the refusal names it."""
    refused = journey.clinic.call(f"{journey.encounter}/$start", expect=422)
    issues: list[JsonObject] = refused.content["issue"]
    for issue in issues:
        journey.tell.note(f"422 {issue['diagnostics']}")
    visit = journey.clinic.read(journey.encounter)
    require(visit["status"] == "arrived", "a visit that was refused should not have started")
    return issues


def about_red_flags(issues: list[JsonObject]) -> list[JsonObject]:
    """Those of the issues that a danger sign is the reason of."""
    return [issue for issue in issues if f"'{RED_FLAGS}'" in "".join(issue["expression"])]


def confirm_all(journey: Journey) -> str:
    """Who and where the patient is, how to call back, and the consent on file, of which this is the reference."""
    consent = reference_to(journey.clinic.create(resources.consent(journey.patient, utc(datetime.now(UTC)))))
    confirmation = resources.safety(journey.practitioner, consent)
    visit = journey.clinic.call(f"{journey.encounter}/$confirm-safety", *confirmation).content
    require(
        canonical.extensions(visit, canonical.VISIT_SAFETY) != [], "what was confirmed is not in the visit"
    )
    return consent
