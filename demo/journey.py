"""The stories that are told, chapter by chapter: a patient is treated; another one's visit is stopped.

Every step reads back what it did. Where an effect follows by an event, the read presents the position that the write
answered; only for what time brings about does a step wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demo.alerts import acknowledge, close_alert, see_the_alert_arrive
from demo.beginning import open_clinic, refer, send_history
from demo.booking import book, cancel_the_next, find_and_hold, move_the_next, refuse_the_second, see_the_visit
from demo.cast import Journey
from demo.gate import pass_the_gate
from demo.home import (
    log_two_weeks,
    see_nothing_proposed,
    send_what_was_missing,
    suffer_a_pain_spike,
    take_the_step,
    take_the_step_back,
)
from demo.intake import answer_the_intake, answer_today, see_it_heard, see_what_is_due
from demo.outcome import draw_the_trend, follow_up
from demo.programme import activate, apply_the_protocol, check_the_form, see_the_news
from demo.read_back import poll, read_everything
from demo.stopped import (
    answer_with_a_danger_sign,
    call_it_off,
    let_it_escalate,
    meet_another,
    prove_it,
    refuse_the_visit,
)
from demo.visit import check_in, examine, finish, see_what_follows, start

Step = Callable[[Journey], None]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a story, with what the viewer should know before."""

    title: str
    steps: Sequence[Step]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A story of one patient."""

    title: str
    chapters: Sequence[Chapter]

    @property
    def steps(self) -> list[Step]:
        """Its steps, in order."""
        return [step for chapter in self.chapters for step in chapter.steps]


READ_BACK = Chapter("The hospital reads it all back", (read_everything, poll))
TREATED = Story(
    "A care journey, from referral to read-back",
    (
        Chapter(
            "Referred and booked",
            (send_history, open_clinic, refer, find_and_hold, refuse_the_second, book, see_the_visit),
        ),
        Chapter("The intake", (see_what_is_due, answer_the_intake, see_it_heard, answer_today)),
        Chapter(
            "The visit",
            (
                check_in,
                pass_the_gate,
                start,
                examine,
                apply_the_protocol,
                activate,
                see_the_news,
                check_the_form,
                finish,
                see_what_follows,
                move_the_next,
                cancel_the_next,
            ),
            "It is held at once instead of on its day.",
        ),
        Chapter(
            "Two weeks at home",
            (
                log_two_weeks,
                see_nothing_proposed,
                send_what_was_missing,
                take_the_step,
                suffer_a_pain_spike,
                see_the_alert_arrive,
                acknowledge,
                take_the_step_back,
                close_alert,
            ),
            "They are told in a moment: what people date (the first day of the programme, the logs, the answers)"
            " lies in the past two weeks, what the platform dates (versions, visit, deadlines) is of now.",
        ),
        Chapter("What has come of it", (follow_up, draw_the_trend)),
        READ_BACK,
    ),
)
STOPPED = Story(
    "A danger sign: the visit that does not take place",
    (
        Chapter(
            "A danger sign at the intake", (meet_another, answer_with_a_danger_sign, see_the_alert_arrive)
        ),
        Chapter("The visit is stopped", (refuse_the_visit, let_it_escalate, acknowledge, call_it_off)),
        Chapter("What is on record", (close_alert, prove_it, read_everything, poll)),
    ),
)
STORIES = (TREATED, STOPPED)


def play(journey: Journey, story: Story = TREATED) -> None:
    """All its steps, to the end or to the first that fails (its exception is raised)."""
    journey.tell.title(story.title, journey.base)
    try:
        for chapter in story.chapters:
            journey.tell.chapter(chapter.title, chapter.says)
            for step in chapter.steps:
                tell(journey, step)
    finally:
        journey.close()
    requests = sum(party.requests for party in journey.parties)
    journey.tell.summary(
        f"{requests} requests, {len(journey.made)} versions of resources, every one found again."
    )


def tell(journey: Journey, step: Step) -> None:
    """One step, under its own heading."""
    with journey.tell.step((step.__doc__ or "").partition("\n")[0]):
        step(journey)
