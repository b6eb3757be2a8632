"""A visit starts only when it is known who and where the patient is and that no danger sign stands against it."""

from __future__ import annotations

from collections.abc import Iterator

from services.session.domain.gate import missing
from services.session.domain.messages import SAFETY_CATEGORIES
from services.session.lifecycles import STARTED, is_visit
from telerehab.canonical import VISIT
from telerehab.change import Change, Refuse, Verdict, rule


def starts(change: Change) -> bool:
    """Whether a visit booked here begins, by whatever way; coming back from leave is no second start."""
    if change.after is None or change.after.content["status"] not in STARTED:
        return False
    before = change.before.content if change.before else {}
    return before.get("status") not in STARTED and (is_visit(change.content) or is_visit(before))


@rule(
    "Encounter",
    find={
        "heard": f"Communication?subject={{Encounter.subject}}&category={SAFETY_CATEGORIES}",
        "visits": f"Encounter?subject={{Encounter.subject}}&status=finished&_profile={VISIT}",
    },
    when=starts,
)
def visit_starts_only_safely(change: Change) -> Iterator[Verdict]:
    """Everything that is missing is named; an alert that comes meanwhile changes what was found, and counts."""
    for lacking in missing(change.content, change.found["heard"], change.found["visits"], change.now):
        yield Refuse(lacking.says, lacking.expression)
