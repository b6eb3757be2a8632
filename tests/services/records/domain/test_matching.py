"""Which pairs of patients are taken for one person, and how surely."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.records.domain.agreement import (
    Level,
    date_level,
    date_typos,
    distance,
    family_level,
    given_level,
)
from services.records.domain.matching import (
    CERTAIN,
    CERTAINLY_NOT,
    POSSIBLE,
    PROBABLE,
    compare,
    graded,
    is_strong,
)
from telerehab.fhir.json import JsonObject
from tests.services.records.domain.people import ADA, BARE, DEMOGRAPHICS, but, mr, named

STRANGER = {
    "identifier": ADA["identifier"],
    "name": named("Smith", "John"),
    "birthDate": "1990-01-01",
    "gender": "male",
}
INSURED = but(ADA, identifier=[mr("1", code="SN")])


@pytest.mark.parametrize(
    ("what", "one", "other", "grade"),
    [
        ("all the same", ADA, ADA, CERTAIN),
        ("a number, names and birth date", but(ADA, telecom=None, address=None, gender=None), ADA, CERTAIN),
        ("case and accents", but(ADA, name=named("ÓKAFOR", "ada")), ADA, CERTAIN),
        ("no number: never certain", DEMOGRAPHICS, DEMOGRAPHICS, PROBABLE),
        ("name, birth date and gender", BARE, BARE, PROBABLE),
        ("name alone", {"name": ADA["name"]}, ADA, CERTAINLY_NOT),
        ("number alone", {"identifier": ADA["identifier"]}, ADA, PROBABLE),
        ("typo in the family name", but(BARE, name=named("Okafro", "Ada")), BARE, PROBABLE),
        ("typo in the given name", but(BARE, name=named("Okafor", "Adaa")), BARE, PROBABLE),
        ("typo, with the number", but(ADA, name=named("Okafro", "Ada")), ADA, PROBABLE),
        ("called by the second name", but(BARE, name=named("Okafor", "Ngozi")), BARE, PROBABLE),
        ("initial only", but(BARE, name=named("Okafor", "A.")), BARE, PROBABLE),
        ("names in each other's field", but(BARE, name=named("Ada Ngozi", "Okafor")), BARE, PROBABLE),
        ("name as text", but(BARE, name=[{"text": "Ada Okafor"}]), BARE, PROBABLE),
        ("transposed date", but(BARE, birthDate="1961-12-04"), BARE, POSSIBLE),
        ("transposed digits", but(BARE, birthDate="1961-04-21"), BARE, POSSIBLE),
        ("transposed date, same phone", but(DEMOGRAPHICS, birthDate="1961-12-04"), DEMOGRAPHICS, PROBABLE),
        ("transposed date, with the number", but(ADA, birthDate="1961-12-04"), ADA, PROBABLE),
        ("year of birth only", but(BARE, birthDate="1961"), BARE, POSSIBLE),
        ("another date of birth", but(BARE, birthDate="1975-09-30"), BARE, CERTAINLY_NOT),
        ("married since", but(BARE, name=named("Bello", "Ada")), BARE, POSSIBLE),
        ("married since, same phone", but(DEMOGRAPHICS, name=named("Bello", "Ada")), DEMOGRAPHICS, PROBABLE),
        ("married since, with the number", but(ADA, name=named("Bello", "Ada")), ADA, PROBABLE),
        (
            "married since, former name known",
            but(BARE, name=[*named("Bello", "Ada"), *named("Okafor", "Ada", use="maiden")]),
            BARE,
            PROBABLE,
        ),
        ("double name", but(BARE, name=named("Okafor-Bello", "Ada")), BARE, PROBABLE),
        ("twins at home", but(DEMOGRAPHICS, name=named("Okafor", "Chioma")), DEMOGRAPHICS, CERTAINLY_NOT),
        ("twins of alike names", but(ADA, name=named("Okafor", "Ida"), identifier=[mr("124")]), ADA, POSSIBLE),
        ("twin with the other's number", but(ADA, name=named("Okafor", "Chioma")), ADA, PROBABLE),
        ("father and son", but(DEMOGRAPHICS, birthDate="1931-07-01"), DEMOGRAPHICS, POSSIBLE),
        ("another person's number", STRANGER, ADA, POSSIBLE),
        ("another number of the same system", but(ADA, identifier=[mr("999")]), ADA, POSSIBLE),
        ("another gender, else the same", but(ADA, gender="male"), ADA, PROBABLE),
        ("gender not known", but(ADA, gender="unknown"), ADA, CERTAIN),
        ("a number of a household", INSURED, INSURED, PROBABLE),
        ("same number of another system", but(ADA, identifier=[mr("123", "urn:other")]), ADA, PROBABLE),
        (
            "one number agrees, another does not",
            but(ADA, identifier=[mr("123"), mr("7", "urn:nhs", "NI")]),
            but(ADA, identifier=[mr("123"), mr("8", "urn:nhs", "NI")]),
            PROBABLE,
        ),
    ],
)  # fmt: skip
def test_grades(what: str, one: JsonObject, other: JsonObject, grade: str) -> None:
    for evidence in (compare(one, other), compare(other, one)):
        assert (CERTAIN if evidence.safe else graded(evidence.score)) == grade, (evidence, evidence.score)


patients = st.fixed_dictionaries(
    {},
    optional={
        "identifier": st.lists(
            st.builds(mr, st.sampled_from("123"), st.sampled_from(["urn:a", "urn:b"])), max_size=2
        ),
        "name": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "family": st.text("abc", max_size=4),
                    "given": st.lists(st.text("abc", max_size=4)),
                },
            ),
            max_size=2,
        ),
        "birthDate": st.sampled_from(["1961", "1961-04", "1961-04-12", "1961-12-04"]),
        "gender": st.sampled_from(["male", "female", "unknown"]),
    },
)


@given(patients, patients)
@settings(deadline=None)
def test_the_order_of_the_two_does_not_matter_and_scores_are_probabilities(
    one: JsonObject, other: JsonObject
) -> None:
    left, right = compare(one, other), compare(other, one)
    assert left.score == right.score
    assert left.safe == right.safe
    assert 0 <= left.score <= 1
    assert not left.safe or left.score > 0.999


@given(patients)
@settings(deadline=None)
def test_agreeing_on_one_more_thing_never_makes_two_less_alike(one: JsonObject) -> None:
    less = {name: value for name, value in one.items() if name != "birthDate"}
    assert compare(one, one).score >= compare(less, one).score


@pytest.mark.parametrize(
    ("identifier", "strong"),
    [
        (mr("1"), True),
        ({"system": "urn:a", "value": "1"}, True),
        ({"value": "1"}, False),
        ({"system": "urn:a"}, False),
        ({**mr("1"), "use": "old"}, False),
        ({**mr("1"), "use": "temp"}, False),
        (mr("1", code="AN"), False),
        (mr("1", code="MC"), False),
    ],
)
def test_what_number_is_one_persons_for_good(identifier: JsonObject, strong: bool) -> None:
    assert is_strong(identifier) is strong


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1961-04-12", "1961-04-12", Level.SAME),
        ("1961-04-12", "1961-12-04", Level.NEAR),
        ("1961-04-12", "1916-04-12", Level.NEAR),
        ("1961-04-12", "1961-04-13", Level.NEAR),
        ("1961-04-12", "1961-04", Level.PARTIAL),
        ("1961", "1961", Level.PARTIAL),
        ("1961-04-12", "1962", Level.DIFFERENT),
        ("1961-04-12", "1975-09-30", Level.DIFFERENT),
    ],
)
def test_dates(one: str, other: str, level: Level) -> None:
    assert date_level(one, other) is date_level(other, one) is level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Müller", "Muller", Level.SAME),
        ("O'Brien", "OBrien", Level.SAME),
        ("van den Berg", "Vandenberg", Level.SAME),
        ("Meyer", "Meier", Level.NEAR),
        ("Lee", "Li", Level.DIFFERENT),
        ("Smith", "Jones", Level.DIFFERENT),
        ("", "Jones", Level.UNKNOWN),
        ("x" * 5000, "x" * 4999, Level.DIFFERENT),
    ],
)
def test_family_names(one: str, other: str, level: Level) -> None:
    assert family_level(one, other) is family_level(other, one) is level


def test_given_names_agree_by_the_first() -> None:
    assert given_level(["Ada", "Ngozi"], ["Ada"]) is Level.SAME
    assert given_level(["Ada Ngozi"], ["Ngozi"]) is Level.NEAR
    assert given_level(["Ada", "Maria"], ["Eva", "Maria"]) is Level.DIFFERENT
    assert given_level(["Ada"], ["John"]) is Level.DIFFERENT


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
@settings(deadline=None)
def test_distance_is_one(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) is (one == other)


@given(st.dates())
@settings(deadline=None)
def test_candidates_by_date_are_those_that_typos_make(date: Any) -> None:
    for typo in date_typos(date.isoformat()):
        assert date_level(date.isoformat(), typo) in (Level.SAME, Level.NEAR)
