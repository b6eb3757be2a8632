"""What expressions select, where it stands, and what they are not allowed to cost."""

from __future__ import annotations

import time
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telerehab.fhir.fhirpath import FhirPathError, Node, evaluate, place, select
from telerehab.fhir.fhirpath.compiler import compiled
from telerehab.fhir.fhirpath.regex import pattern
from telerehab.fhir.json import parse_object

PATIENT = parse_object("""{
  "resourceType": "Patient", "id": "p",
  "contained": [{"resourceType": "Organization", "id": "o", "name": "Clinic"}],
  "managingOrganization": {"reference": "#o"},
  "generalPractitioner": [{"reference": "Practitioner/1"}, {"reference": "Practitioner/2"}],
  "name": [{"family": "Lee", "given": ["Ann", "B"], "_given": [null, {"id": "g2"}]}, {"given": ["Nan"]}],
  "_birthDate": {"extension": [{"url": "http://example.org/why", "valueCode": "unknown"}]},
  "deceasedDateTime": "2024-02", "multipleBirthInteger": 2,
  "contact": [{"gender": "male", "period": {"start": "2020-01-01", "end": "2021"}}],
  "extension": [{"url": "http://example.org/height", "valueQuantity":
    {"value": 1.80, "unit": "m", "system": "http://unitsofmeasure.org", "code": "m"}}]
}""")


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("name.given", ["Ann", "B", "Nan"]),
        ("Patient.name[1].given.first()", ["Nan"]),
        ("name.given[1].id", ["g2"]),
        ("birthDate", []),
        ("birthDate.exists() and birthDate.hasValue().not()", [True]),
        ("birthDate.extension('http://example.org/why').value", ["unknown"]),
        ("deceased is dateTime", [True]),
        ("deceased > @2024-01-31 and deceased < @2024-03", [True]),
        ("(deceased > @2024-02-10).empty()", [True]),
        ("multipleBirth + 1", [3]),
        ("contact.period.start <= contact.period.end", [True]),
        ("extension.value is Quantity and extension.value > 170 'cm'", [True]),
        ("extension.value.value", [Decimal("1.80")]),
        ("managingOrganization.resolve().name", ["Clinic"]),
        ("managingOrganization.resolve() is Organization", [True]),
        ("generalPractitioner.resolve()", [{"resourceType": "Practitioner", "id": "1"}]),
        ("contained.conformsTo('http://hl7.org/fhir/StructureDefinition/Organization')", [True]),
        ("contact.gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", [True]),
        ("%resource.id | %rootResource.id | %context.id", ["p"]),
        ("%who", ["me"]),
        ("descendants().where($this is Reference).reference.count()", [3]),
        ("name.given.aggregate($total & $this, '')", ["AnnBNan"]),
        ("name.where(family.exists()).given.trace('x') contains 'B'", [True]),
        ("name.nonsense", []),
    ],
)
def test_an_expression_selects(expression: str, found: list[Any]) -> None:
    at_hand = {"Practitioner/1": {"resourceType": "Practitioner", "id": "1"}}
    assert evaluate(expression, PATIENT, variables={"who": ["me"]}, resolve=at_hand.get) == found


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        ("name.given", ["Patient.name[0].given[0]", "Patient.name[0].given[1]", "Patient.name[1].given[0]"]),
        ("deceased", ["Patient.deceasedDateTime"]),
        ("contact.where(gender = 'male').period.end", ["Patient.contact[0].period.end"]),
        ("birthDate", ["Patient.birthDate"]),
    ],
)
def test_an_element_knows_where_it_stands(expression: str, places: list[str]) -> None:
    assert [place(item) for item in select(expression, PATIENT) if isinstance(item, Node)] == places


@pytest.mark.parametrize(
    "expression",
    [
        "name.",
        "nothing()",
        "name.where()",
        "name.first(1)",
        "name is Nonsense",
        "%nothing",
        "name.single()",
        "name.given + 1",
        "1 > 'a'",
        "conformsTo('http://example.org/profile')",
        "contact.gender.memberOf('http://example.org/vs')",
        "@2024-13-01",
        "'a'.matches('(')",
        "9" * 1000,
        "(" * 5000 + "1" + ")" * 5000,
        "1" + "+1" * 20_000,
    ],
)
def test_what_has_no_meaning_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathError):
        select(expression, PATIENT)


@pytest.mark.parametrize(
    "regex", ["(a+)+$", "(a|b+)*c", r"(\w+\s?)+!", "(a*)*b", "((a+)b)+c", r"(a)\1", "a" * 2000]
)
def test_a_regular_expression_that_may_run_away_is_refused(regex: str) -> None:
    with pytest.raises(FhirPathError):
        pattern(regex, "a")


@pytest.mark.parametrize(
    ("regex", "text"), [("^.*a.*b.*c$", "a" * 5000), ("a+b+c+", "a" * 300), (".*x", "a" * 10_000)]
)
def test_a_text_too_long_for_a_regular_expression_is_refused(regex: str, text: str) -> None:
    with pytest.raises(FhirPathError):
        pattern(regex, text)


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        ("[A-Z]([A-Za-z0-9_]){0,254}", "Name"),
        (r"[^\s\.]{1,64}(\.[^\s\.]{1,64}(\[x\])?(\:[^\s\.]+)?)*", "Patient.value[x]" * 100),
        ("^[0-9]{4}(-[0-9]{2})?$", "2024-01"),
        ("(ab)+$", "abab"),
    ],
)
def test_what_cannot_run_away_is_matched(regex: str, text: str) -> None:
    assert pattern(regex, text).search(text)


DOUBLING = "(1|2|3|4|5|6|7|8|9|10)" + ".combine(1|2|3|4|5|6|7|8|9|10)" * 8


@pytest.mark.parametrize(
    "expression",
    [
        "name" + ".combine($this.name)" * 3 + ".select(%resource.descendants())" * 6,
        f"{DOUBLING}.aggregate($total & $total, 'xx')",
        f"{DOUBLING}.aggregate($total * $total, 3)",
        f"{DOUBLING}.aggregate($total.combine($total), 1)",
        "repeat('a' & $this.toString())",
        "2.power(100000)",
    ],
)
def test_what_costs_too_much_is_refused_in_time(expression: str) -> None:
    started = time.process_time()
    with pytest.raises(FhirPathError):
        select(expression, PATIENT)
    assert time.process_time() - started < 20  # seconds of a busy machine; unhindered it would be years


def test_an_expression_is_compiled_once() -> None:
    assert compiled("name.given") is compiled("name.given")


NAMES = st.sampled_from(
    ["name", "given", "birthDate", "extension", "value", "contained", "Patient", "$this", "$index", "%resource",
     "%context", "deceased", "id", "reference", "nonsense"]
)  # fmt: skip
LITERALS = st.sampled_from(
    [
        "1",
        "2.5",
        "'a'",
        "''",
        "true",
        "{}",
        "@2024-01",
        "@2024-01-01T10:00:00Z",
        "@T10:30",
        "4 days",
        "3 'mg'",
        "-1",
    ]
)
PLAIN = st.sampled_from(
    ["empty", "exists", "count", "first", "last", "tail", "not", "distinct", "isDistinct", "children", "descendants",
     "resolve", "toString", "toInteger", "toDecimal", "toQuantity", "toDate", "length", "upper", "allTrue", "single",
     "hasValue", "abs", "sqrt", "exp", "round", "type", "lowBoundary", "highBoundary", "precision", "sort", "trim",
     "toChars", "join", "convertsToTime", "htmlChecks"]
)  # fmt: skip
OF_ONE = st.sampled_from(
    ["where", "select", "all", "exists", "repeat", "combine", "union", "intersect", "exclude", "subsetOf", "startsWith",
     "contains", "indexOf", "skip", "take", "power", "log", "matches", "split", "extension", "substring", "encode",
     "comparable", "aggregate", "trace", "conformsTo", "memberOf", "toQuantity"]
)  # fmt: skip
OPERATORS = st.sampled_from(
    ["=", "!=", "~", "!~", "<", "<=", ">", ">=", "and", "or", "xor", "implies", "in", "contains", "|", "&", "+", "-",
     "*", "/", "div", "mod"]
)  # fmt: skip
EXPRESSIONS = st.recursive(
    NAMES | LITERALS,
    lambda inner: (
        st.tuples(inner, NAMES.filter(str.isalpha)).map(lambda parts: f"({parts[0]}).{parts[1]}")
        | st.tuples(inner, PLAIN).map(lambda parts: f"({parts[0]}).{parts[1]}()")
        | st.tuples(inner, OF_ONE, inner).map(lambda parts: f"({parts[0]}).{parts[1]}({parts[2]})")
        | st.tuples(inner, OPERATORS, inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})")
        | st.tuples(inner, st.sampled_from(["string", "Quantity", "Patient", "System.Date"])).map(
            lambda parts: f"({parts[0]}) is {parts[1]}"
        )
    ),
    max_leaves=6,
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.sampled_from(["2024-01-01", "#o", "true"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "given", "_given", "extension", "valueString", "id", "contained", "reference"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(deadline=None, max_examples=150)
@given(EXPRESSIONS, st.just(PATIENT) | JSON.map(lambda value: {"resourceType": "Patient", "name": value}))
def test_any_expression_on_any_resource_gives_something_or_is_refused(expression: str, resource: Any) -> None:
    with suppress(FhirPathError):
        assert isinstance(select(expression, resource), list)
