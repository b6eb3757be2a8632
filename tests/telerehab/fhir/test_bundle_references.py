"""References in a bundle are rewritten where the element is a link, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telerehab.fhir.bundle_references import Links, conditional_references, rewrite

OLD, NEW = "urn:uuid:1", "Patient/new"


def linked(content: dict[str, Any], full_url: str | None = None) -> dict[str, Any]:
    links = Links()
    links.add(OLD, NEW)
    links.add("http://h/fhir/Patient/1", "Patient/moved")
    links.add("Patient?identifier=a|b", "Patient/found")
    return rewrite({"resourceType": "Observation", **content}, links.seen_from(full_url))


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"subject": {"reference": OLD}}, {"subject": {"reference": NEW}}),
        ({"subject": {"reference": "Patient?identifier=a|b"}}, {"subject": {"reference": "Patient/found"}}),
        ({"subject": {"reference": "http://h/fhir/Patient/1"}}, {"subject": {"reference": "Patient/moved"}}),
        (
            {"derivedFrom": [{"reference": "x"}, {"reference": OLD}]},
            {"derivedFrom": [{"reference": "x"}, {"reference": NEW}]},
        ),
        ({"implicitRules": OLD}, {"implicitRules": NEW}),
        ({"extension": [{"url": "u", "valueUri": OLD}]}, {"extension": [{"url": "u", "valueUri": NEW}]}),
        ({"extension": [{"url": "u", "valueUrl": OLD}]}, {"extension": [{"url": "u", "valueUrl": NEW}]}),
        ({"extension": [{"url": "u", "valueUuid": OLD}]}, {"extension": [{"url": "u", "valueUuid": NEW}]}),
        (
            {"extension": [{"url": "u", "valueCanonical": f"{OLD}|2"}]},
            {"extension": [{"url": "u", "valueCanonical": f"{NEW}|2"}]},
        ),
        (
            {"extension": [{"url": "u", "valueAttachment": {"url": OLD}}]},
            {"extension": [{"url": "u", "valueAttachment": {"url": NEW}}]},
        ),
        (
            {"_status": {"extension": [{"url": "u", "valueReference": {"reference": OLD}}]}},
            {"_status": {"extension": [{"url": "u", "valueReference": {"reference": NEW}}]}},
        ),
        (
            {"contained": [{"resourceType": "Patient", "link": [{"other": {"reference": OLD}}]}]},
            {"contained": [{"resourceType": "Patient", "link": [{"other": {"reference": NEW}}]}]},
        ),
        (
            {"text": {"div": f"<div><a href=\"{OLD}\">{OLD}</a><img src='{OLD}'/></div>"}},
            {"text": {"div": f"<div><a href=\"{NEW}\">{OLD}</a><img src='{NEW}'/></div>"}},
        ),
    ],
)
def test_a_link_is_rewritten(element: dict[str, Any], expected: dict[str, Any]) -> None:
    assert linked(element) == {"resourceType": "Observation", **expected}


@pytest.mark.parametrize(
    "element",
    [
        {"identifier": [{"system": "urn:ietf:rfc:3986", "value": OLD}]},
        {"valueString": OLD},
        {"note": [{"text": OLD}]},
        {"subject": {"display": OLD}},
        {"component": [{"valueString": OLD, "code": {"text": OLD}}]},
        {"subject": {"reference": "Patient/1"}},
        {"subject": {"reference": f"{OLD}1"}},
        {"text": {"div": f'<div title="{OLD}">{OLD}</div>'}},
        {"nothing": {"of": OLD}},
    ],
)
def test_what_only_looks_like_a_link_stays(element: dict[str, Any]) -> None:
    content = {"resourceType": "Observation", **element}
    assert linked(element) == content


def test_a_relative_reference_is_seen_from_its_own_base() -> None:
    element = {"subject": {"reference": "Patient/1"}}
    assert linked(element, "http://h/fhir/Observation/7")["subject"]["reference"] == "Patient/moved"
    assert linked(element, "http://other/fhir/Observation/7")["subject"]["reference"] == "Patient/1"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(OLD),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["subject", "reference", "text", "div", "value", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_content_is_left_as_it_was(value: Any) -> None:
    content = {"resourceType": "Observation", "subject": value}
    before = repr(content)
    links = Links()
    links.add(OLD, NEW)
    rewrite(content, links.seen_from(None))
    assert repr(content) == before
    links = Links()
    links.add("urn:uuid:another", NEW)
    assert rewrite(content, links.seen_from(None)) is content


def test_references_by_criteria_are_found_at_any_depth() -> None:
    content = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient?identifier=1"},
        "contained": [
            {"resourceType": "Patient", "generalPractitioner": [{"reference": "Practitioner?name=x"}]}
        ],
        "performer": [{"reference": "Practitioner/1"}, {"display": "Practitioner?name=y"}],
        "note": [{"text": "Patient?identifier=2"}],
    }
    assert sorted(conditional_references(content)) == ["Patient?identifier=1", "Practitioner?name=x"]


def test_a_reference_to_a_version_follows_the_resource_that_is_created_from_it() -> None:
    links = Links()
    links.add("http://h/fhir/Patient/1", "Patient/new", "3")
    links.add("http://h/fhir/Patient/2", "Patient/other")
    seen = links.seen_from("http://h/fhir/Observation/1")
    for reference, expected in [
        ("http://h/fhir/Patient/1/_history/3", "Patient/new/_history/1"),
        ("Patient/1/_history/3", "Patient/new/_history/1"),
        ("Patient/1/_history/2", "Patient/1/_history/2"),
        ("Patient/2/_history/1", "Patient/2/_history/1"),
        ("Patient/1", "Patient/new"),
    ]:
        content = {"resourceType": "Observation", "subject": {"reference": reference}}
        assert rewrite(content, seen)["subject"] == {"reference": expected}
