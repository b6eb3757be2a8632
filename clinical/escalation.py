"""What happens to alerts that nobody acknowledges, from clinical/screening/escalation.toml."""

from __future__ import annotations

from functools import cache
from typing import Literal

from clinical.reading import read, stated


@stated
class EscalationStep:
    """A further deadline for an alert of `level` (of red-flags/levels.toml), with Task.priority until then."""

    level: str
    priority: Literal["stat", "asap", "urgent", "routine"]
    due_minutes: int
    text: str
    source: str


@stated
class ExpectedStep:
    """What a step brings."""

    priority: str
    due_minutes: int


@stated
class EscalationCase:
    """Worked case: what the first, second … escalation of an alert of `level` brings."""

    id: str
    level: str
    expect: tuple[ExpectedStep, ...]


@stated
class Escalation:
    """The steps in their order; the last one of a level is taken again and again, until a human acknowledges."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    step: tuple[EscalationStep, ...]
    case: tuple[EscalationCase, ...]

    def of(self, level: str, number: int) -> EscalationStep:
        """The step that the `number`th escalation (1 is the first) of an alert of `level` takes."""
        steps = [step for step in self.step if step.level == level]
        return steps[min(number, len(steps)) - 1]


@cache
def escalation() -> Escalation:
    """How alerts escalate."""
    return read(Escalation, "screening/escalation.toml")
