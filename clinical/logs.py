"""Exercise logs as the worked cases of the dose rules state them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from clinical.reading import stated

Colour = Literal["green", "amber", "red", "unknown"]
"""The traffic light of a bout; unknown is never read as green."""


@stated
class Log:
    """One bout as logged, of one exercise. `day` counts from 1, the first day of the programme, in the patient's zone.

    `done` is the completed share of the prescribed volume in percent; `extra_reps` beyond the target in the last set;
    pain 0 to 10; `next_morning` is the pain on waking the day after; `symptoms` are ids of alarms.toml; `id` is the
    client's, the same for the same log. What is absent was not logged.
    """

    day: int
    id: str | None = None
    done: Decimal | None = None
    pain_before: Decimal | None = None
    pain_max: Decimal | None = None
    pain_after: Decimal | None = None
    next_morning: Decimal | None = None
    effort: Decimal | None = None
    extra_reps: int | None = None
    symptoms: tuple[str, ...] = ()


@stated
class Reason:
    """Why, in words for clinician and patient; `id` is what cases name."""

    id: str
    text: str
