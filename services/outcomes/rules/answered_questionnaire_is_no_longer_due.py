"""A questionnaire that was answered is no longer due: its Task is completed with the response."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.answers import SUBMITTED, questionnaire
from services.outcomes.domain.codes import TASK
from services.outcomes.domain.due import COMPLETE, answered_by, is_answered_by
from telerehab.change import Change, Verdict, Write, rule

OPEN = f"Task?patient={{QuestionnaireResponse.subject}}&status=requested,in-progress&code={TASK}|{COMPLETE}"


def is_submitted(change: Change) -> bool:
    """Whether answers to a questionnaire of ours are given as final."""
    after = change.after.content if change.after else {}
    return after.get("status") in SUBMITTED and bool(questionnaire(after)[0])


@rule("QuestionnaireResponse", find={"tasks": OPEN}, when=is_submitted)
def answered_questionnaire_is_no_longer_due(change: Change) -> Iterator[Verdict]:
    """Late answers count too; earlier ones count from the time the Task names."""
    for task in change.found["tasks"]:
        if is_answered_by(task.content, change.content, change.now):
            yield Write(answered_by(task.content, change.subject.id, change.now))
