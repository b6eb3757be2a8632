"""The goals of a programme are pursued once it begins, rest with it, and go with what never began or was stopped.

When a programme is completed they stay: whether a goal is met, a clinician says.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.exercise_prescription.domain.goals import (
    ACTIVE,
    CANCELLED,
    ON_HOLD,
    PROPOSED,
    PURSUED,
    is_programme_goal,
)
from services.exercise_prescription.lifecycles import is_programme
from telerehab.change import Change, Verdict, Write, rule

FOLLOWED = {
    "active": (ACTIVE, frozenset({PROPOSED, ON_HOLD})),
    "on-hold": (ON_HOLD, frozenset({ACTIVE})),
    "revoked": (CANCELLED, frozenset({PROPOSED})),
    "entered-in-error": ("entered-in-error", frozenset({PROPOSED})),
}
"""What becomes of a goal with its programme, and from which of its own states; others it has reached by itself."""


def its_status_changes(change: Change) -> bool:
    """Whether a programme of ours comes into another status."""
    return change.after is not None and is_programme(change.content) and bool(change.became("status"))


@rule("CarePlan", find={"goals": "CarePlan.goal"}, when=its_status_changes)
def goals_follow_their_programme(change: Change) -> Iterator[Verdict]:
    """A draft that is dropped takes with it what was only proposed, not what an earlier phase pursues."""
    status, since = FOLLOWED.get(change.content["status"], ("", frozenset[str]()))
    if change.before is not None and change.before.content["status"] in PURSUED:
        since = since | frozenset(PURSUED if status in (CANCELLED, "entered-in-error") else ())
    for found in change.found["goals"]:
        goal = found.content
        if found.type == "Goal" and is_programme_goal(goal) and goal["lifecycleStatus"] in since:
            yield Write({**goal, "lifecycleStatus": status, "statusDate": f"{change.now:%Y-%m-%d}"})
