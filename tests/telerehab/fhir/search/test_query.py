"""Reading a search: what is understood, what is refused, and with what words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search import Include, Query, SortKey, parameters, parse_query
from telerehab.fhir.search.predicate import EVERYTHING, All, AnyOf, HasToken, IdIn, Not
from telerehab.fhir.search.query import SYSTEM


def query(type_: str, text: str, **options: Any) -> Query:
    pairs = [part.partition("=") for part in text.split("&") if part]
    return parse_query(type_, [(name, value) for name, _, value in pairs], **options)


def test_no_parameters_mean_everything_on_pages_of_twenty() -> None:
    assert query("Patient", "") == Query("Patient", EVERYTHING, count=20)


def test_repetition_is_and_comma_is_or() -> None:
    found = query("Patient", "gender=male,female&gender=other&_id=a,b").where
    assert isinstance(found, All)
    both, other, ids = found.of
    assert isinstance(both, HasToken)
    assert len(both.any_of) == 2
    assert isinstance(other, HasToken)
    assert ids == IdIn(("a", "b"))


def test_escaped_separators_belong_to_the_value() -> None:
    found = query("Patient", r"family=a\,b,c\\").where
    assert isinstance(found, AnyOf)
    assert [each.text for each in found.of if hasattr(each, "text")] == ["a,b", "c\\"]


def test_not_is_the_complement_of_all_its_values() -> None:
    assert isinstance(query("Patient", "gender:not=male,female").where, Not)


@pytest.mark.parametrize(
    ("type_", "text", "code", "expression"),
    [
        ("Patient", "colour=red", "not-supported", "colour"),
        ("Patient", "gender:like=male", "not-supported", "gender:like"),
        ("Patient", "name:not=x", "not-supported", "name:not"),
        ("Patient", "birthdate:exact=2000", "not-supported", "birthdate:exact"),
        ("Patient", "_text=x", "not-supported", "_text"),
        ("Patient", "_content=x", "not-supported", "_content"),
        ("Patient", "_filter=x", "not-supported", "_filter"),
        ("Patient", "_has:Observation:patient=x", "value", "_has:Observation:patient"),
        ("Patient", "_has:Dog:owner:name=x", "value", "_has:Dog:owner:name"),
        ("Patient", "_has:Observation:owner:code=x", "not-supported", "owner"),
        ("Patient", "_has:Observation:code:code=x", "not-supported", "code"),
        ("Patient", "_has:Observation:encounter:code=x", "value", "_has:Observation:encounter:code"),
        ("Patient", "_has:Observation:patient:colour=x", "not-supported", "colour"),
        ("Observation", "subject.colour=x", "not-supported", "colour"),
        ("Observation", "code.name=x", "not-supported", "code.name"),
        ("Observation", "subject:Organization.name=x", "value", "subject:Organization.name"),
        ("Observation", "subject:Dog.name=x", "not-supported", "subject:Dog"),
        ("Observation", "subject:Patient.birthdate=soon", "value", "birthdate"),
        ("Provenance", "target.identifier=x", "too-costly", None),
        ("Observation", "patient.organization.partof.partof.name=x", "too-costly", None),
        ("QuestionnaireResponse", "questionnaire.title=x", "not-supported", "questionnaire.title"),
        ("Patient", "_list=$current-problems", "not-supported", "_list"),
        ("Patient", "_list=a b", "value", "_list"),
        ("Patient", "_query=x", "not-supported", "_query"),
        ("Condition", "code:in=http://example.org/nowhere", "not-supported", "code:in"),
        ("Condition", "code:not-in=http://example.org/nowhere", "not-supported", "code:in"),
        ("Condition", "code:below=73211009", "value", "code:below"),
        ("Condition", "code:below=http://snomed.info/sct|73211009", "not-supported", "code:below"),
        ("Condition", "code:text=", "value", "code:text"),
        ("Observation", "subject:below=Patient/1", "not-supported", "subject:below"),
        ("Encounter", "location:below=a b", "value", "location:below"),
        ("Location", "near=1|2", "not-supported", "near"),
        ("Patient", "birthdate=yesterday", "value", "birthdate"),
        ("Patient", "birthdate=xx2000", "value", "birthdate"),
        ("Patient", "birthdate=2000-13", "value", "birthdate"),
        ("Patient", "birthdate=2001-02-29", "value", "birthdate"),
        ("Patient", "birthdate=2001-02-28T10:00:00+15:00", "value", "birthdate"),
        ("Patient", "birthdate=", "value", "birthdate"),
        ("Patient", "name=", "value", "name"),
        ("Patient", "identifier=a|b|c", "value", "identifier"),
        ("Patient", "identifier=|", "value", "identifier"),
        ("Patient", "active=yes", "value", "active"),
        ("Patient", "gender:missing=maybe", "value", "gender:missing"),
        ("Patient", "name:contains=ab", "too-costly", None),
        ("Observation", "value-quantity=five", "value", "value-quantity"),
        ("Observation", "value-quantity=5|mg", "value", "value-quantity"),
        ("Observation", "value-quantity=NaN", "value", "value-quantity"),
        ("Observation", "code-value-quantity=8480-6", "value", "code-value-quantity"),
        ("Observation", "code-value-quantity=8480-6$high", "value", "code-value-quantity"),
        (
            "Observation",
            "component-code-value-quantity=8480-6$high",
            "value",
            "component-code-value-quantity",
        ),
        ("Observation", "component-code-value-quantity=|$5", "value", "component-code-value-quantity"),
        ("Observation", "combo-value-quantity=high", "value", "combo-value-quantity"),
        ("Observation", "patient=a b", "value", "patient"),
        ("Patient", "name=a\0b", "value", "name"),
        ("Observation", "subject=Patient/a b", "value", "subject"),
        ("Observation", "subject:Group=Patient/a", "value", "subject:Group"),
        ("Patient", "_id=", "value", "_id"),
        ("Patient", "_lastUpdated=soon", "value", "_lastUpdated"),
        ("Patient", "_count=-1", "value", "_count"),
        ("Patient", "_count=ten", "value", "_count"),
        ("Patient", "_count=1&_count=2", "value", "_count"),
        ("Patient", "_sort=colour", "not-supported", "colour"),
        ("Patient", "_sort=email", "not-supported", "_sort"),
        ("Patient", "_total=some", "value", "_total"),
        ("Patient", "_summary=brief", "value", "_summary"),
        ("Patient", "_elements=colour", "value", "_elements"),
        ("Patient", "_include=Patient", "value", "_include"),
        ("Patient", "_include=Patient:gender", "not-supported", "gender"),
        ("Patient", "_include=Dog:owner", "value", "_include"),
        ("Patient", "_include:deep=Patient:link", "not-supported", "_include:deep"),
        ("Observation", "_include=Observation:patient:Group", "value", "_include"),
        ("Patient", "_contained=true", "not-supported", "_contained"),
        ("Patient", "gender=" + ",".join(["male"] * 201), "too-costly", None),
    ],
)
def test_what_is_not_understood_is_refused_by_name(
    type_: str, text: str, code: str, expression: str | None
) -> None:
    with pytest.raises(FhirError) as refused:
        query(type_, text)
    (issue,) = refused.value.issues
    assert (refused.value.status, issue.code, issue.expression) == (400, code, expression)


def test_lenient_handling_leaves_out_the_unknown_but_not_the_malformed() -> None:
    found = query("Patient", "colour=red&gender:like=x&gender=male&_sort=colour&_count=5", lenient=True)
    assert found.understood == (("gender", "male"), ("_count", "5"))
    assert found.sort == ()
    with pytest.raises(FhirError):
        query("Patient", "colour=red&birthdate=yesterday", lenient=True)


def test_the_page_size_is_clamped_and_said() -> None:
    found = query("Patient", "_count=99999999999")
    assert (found.count, found.understood) == (1000, (("_count", "1000"),))


@pytest.mark.parametrize("text", ["_count=0", "_summary=count"])
def test_asking_for_the_total_only(text: str) -> None:
    found = query("Patient", text)
    assert (found.count, found.total) == (0, "accurate")


def test_several_sort_keys_in_their_order() -> None:
    observation = parameters("Observation")
    assert query("Observation", "_sort=-date,value-quantity,_id,-_lastUpdated").sort == (
        SortKey("date", observation["date"].hash, True),
        SortKey("number", observation["value-quantity"].hash, False),
        SortKey("id"),
        SortKey("last_updated", descending=True),
    )


def test_includes_name_the_rows_to_follow() -> None:
    observation = parameters("Observation")
    found = query(
        "Observation",
        "_include=Observation:subject&_include:iterate=Patient:link:RelatedPerson&_include=Observation:patient"
        "&_include=*&_revinclude=Provenance:target",
    )
    subject = (observation["subject"].hash,)
    assert found.includes[0] == Include("Observation", subject)
    assert found.includes[1] == Include(
        "Patient", (parameters("Patient")["link"].hash,), "RelatedPerson", True
    )
    assert found.includes[2] == Include("Observation", subject, "Patient")
    assert set(subject) < set(found.includes[3].parameters)
    assert found.revincludes == (Include("Provenance", (parameters("Provenance")["target"].hash,)),)


def test_summary_and_elements_are_read() -> None:
    assert query("Patient", "_summary=text").summary == "text"
    assert query("Observation", "_elements=status,Observation.value").elements == ("status", "value")


PIECES = [
    "_has", "_list", "_id", "_type", "_include", "_sort", "patient", "subject", "code", "identifier", "Patient",
    "Observation", "Organization", "organization", "in", "not-in", "below", "text", "iterate", "*", "$now", "", " ",
    "\0",    "a,b", "x|y", "http://example.org/x|1", "2024", "-date", "Patient/1", "\ud800",
]  # fmt: skip
WORDS = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from([".", ":", ",", "|", "$", "\\", ""])), max_size=5
)
TEXTS = WORDS.map(lambda words: "".join(word + mark for word, mark in words))


@given(st.sampled_from(["Patient", "Observation", "Location", SYSTEM]), TEXTS, TEXTS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_is_understood_or_refused(type_: str, name: str, value: str, lenient: bool) -> None:
    refused: FhirError | None = None
    try:
        parsed = parse_query(type_, [(name, value)], lenient=lenient, types=["Patient", "Location"])
    except FhirError as error:
        refused = error
    if refused is None:
        assert parsed.understood in ((), ((name, value),))
    else:
        assert refused.status in (400, 404)
        assert all(issue.diagnostics for issue in refused.issues)
