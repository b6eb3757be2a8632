"""A score is never edited or deleted by hand: whoever wants another one amends the answers."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.score_observation import SCORE_PROFILE
from services.outcomes.rules.submitted_response_is_scored import scored
from telerehab.canonical import has_profile
from telerehab.change import Change, Refuse, Verdict, rule

COMPUTED = (
    "code", "subject", "effectiveDateTime", "valueQuantity", "dataAbsentReason", "interpretation", "bodySite",
    "method", "derivedFrom", "component", "extension",
)  # fmt: skip
"""The elements that follow from the answers; notes and the like may be added."""


def is_about_a_score(change: Change) -> bool:
    """Whether a stored score is changed or deleted."""
    return change.before is not None and has_profile(change.before.content, SCORE_PROFILE)


@rule("Observation", find={"responses": "Observation.derivedFrom"}, when=is_about_a_score)
def score_follows_from_its_answers(change: Change) -> Iterator[Verdict]:
    """It may be computed anew, be marked as entered in error with its answers, and go when they are gone."""
    assert change.before is not None
    computed = [score for score in (scored(one, change.now) for one in change.found["responses"]) if score]
    if change.after is None:
        if computed:
            yield Refuse("A score goes with its answers: delete the QuestionnaireResponse, or amend it.")
        return
    after, status = change.after.content, change.after.content["status"]
    allowed = [change.before.content, *computed]
    if not any(all(after.get(name) == one.get(name) for name in COMPUTED) for one in allowed):
        yield Refuse("A score follows from its answers: amend the QuestionnaireResponse.", "Observation")
    if computed and status != computed[0]["status"]:
        yield Refuse("The status of a score follows from that of its answers.", "Observation.status")
