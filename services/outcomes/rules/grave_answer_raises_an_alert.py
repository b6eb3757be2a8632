"""An answer of a questionnaire that asks for a human (thoughts of self-harm) alerts one, whatever the score."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.safety_items import raised
from services.outcomes.rules.raising import ALERTS, alert
from telerehab.change import Change, Verdict, rule


def shows_a_sign(change: Change) -> bool:
    """Whether any answer asks for a human, or one that must not be blank is."""
    return change.after is not None and bool(raised(change.after.content))


@rule("QuestionnaireResponse", find=ALERTS, when=shows_a_sign)
def grave_answer_raises_an_alert(change: Change) -> Iterator[Verdict]:
    """Also while the answers are still in progress: nobody waits for the last page."""
    yield from alert(change, raised)
