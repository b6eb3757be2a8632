"""An answer that is a danger sign makes its DetectedIssue, its Task with a deadline and its alert at once."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.red_flags import raised
from services.outcomes.rules.raising import ALERTS, alert
from telerehab.change import Change, Verdict, rule


def shows_a_sign(change: Change) -> bool:
    """Whether any answer is a danger sign."""
    return change.after is not None and bool(raised(change.after.content))


@rule("QuestionnaireResponse", find=ALERTS, when=shows_a_sign)
def red_flag_raises_an_alert(change: Change) -> Iterator[Verdict]:
    """Also for answers still in progress; an alert once raised stays until a human closes it, then may come again."""
    yield from alert(change, raised)
