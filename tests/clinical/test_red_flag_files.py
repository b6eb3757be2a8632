"""What the screenings state is complete: levels, sources, and cases that show each kind of outcome."""

from __future__ import annotations

from itertools import pairwise

import pytest

from clinical.alarms import alarms
from clinical.red_flags import (
    NotUnderstoodCase,
    Screening,
    crisis_lines,
    levels,
    not_understood,
    rescreening,
    screenings,
)
from clinical.sources import sources

each_screening = pytest.mark.parametrize("screening", screenings().values(), ids=screenings().keys())


def test_the_five_regions_are_there() -> None:
    assert set(screenings()) == {"low-back", "neck", "hip", "knee", "shoulder"}


def test_levels_go_from_the_gravest_with_ever_later_deadlines() -> None:
    assert list(levels()) == ["emergency", "urgent", "refer"]
    due = [level.due_minutes for level in levels().values()]
    assert all(earlier < later for earlier, later in pairwise(due))


@each_screening
def test_questions_are_questions_of_a_known_level_and_source(screening: Screening) -> None:
    links = [sign.link_id for sign in screening.item]
    assert len(set(links)) == len(links)
    for sign in screening.item:
        assert sign.text.endswith("?"), sign.link_id
        assert sign.level in levels(), sign.link_id
        assert sign.source in sources(), sign.link_id
        assert set(sign.ask_again) <= set(links), sign.link_id


@each_screening
def test_every_emergency_tells_the_patient_what_to_do_at_once(screening: Screening) -> None:
    assert [sign.link_id for sign in screening.item if sign.level == "emergency" and not sign.tells] == []


@each_screening
def test_cases_follow_from_what_they_answer(screening: Screening) -> None:
    """The definition of README.md, applied to the statements of each case."""
    level_of = {sign.link_id: sign.level for sign in screening.item}
    order = list(levels())
    for case in screening.case:
        raised = sorted((*case.yes, *case.unsure), key=lambda link: (order.index(level_of[link]), link))
        assert list(case.expect.raised) == raised, case.id
        assert case.expect.level == (level_of[raised[0]] if raised else None), case.id
        assert set(case.expect.unanswered) == set(case.blank), case.id
        assert case.expect.clear == (not raised and not case.blank), case.id


@each_screening
def test_cases_show_clear_blank_unsure_and_every_level(screening: Screening) -> None:
    assert any(case.expect.clear for case in screening.case)
    assert any(case.blank for case in screening.case)
    assert any(case.unsure for case in screening.case)
    assert {case.expect.level for case in screening.case} >= {sign.level for sign in screening.item}


def test_occasions_to_screen_again_are_known_and_each_is_shown() -> None:
    again = rescreening()
    ids = [occasion.id for occasion in again.occasion]
    symptoms = {symptom.id: symptom for symptom in alarms().symptom}
    assert set(again.symptoms) == {symptom.id for symptom in symptoms.values() if symptom.screen_again}
    for case in again.case:
        assert list(case.due) == [id for id in ids if id in case.due], case.id
        assert set(case.symptoms) <= set(symptoms), case.id
    assert {id for case in again.case for id in case.due} == set(ids)
    assert any(case.due == () for case in again.case)


@pytest.mark.parametrize("case", not_understood().case, ids=lambda case: case.id)
def test_what_is_not_understood_is_graver_the_more_it_may_mean(case: NotUnderstoodCase) -> None:
    stated = not_understood()
    by_hand = stated.not_no if case.yes or case.unsure else stated.all_no if case.no else None
    assert case.level == by_hand
    assert list(levels()).index(stated.not_no) < list(levels()).index(stated.all_no)


def test_crisis_lines_have_a_fallback_and_numbers_that_can_be_dialled() -> None:
    assert crisis_lines().fallback
    assert {"US", "GB"} <= set(crisis_lines().line)
    assert all(line.number.isdigit() for line in crisis_lines().line.values())
