"""Whatever JSON comes in: an answer, never an exception."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from telerehab.fhir.definitions import resource_types, structure
from telerehab.fhir.json import Number, dump
from telerehab.fhir.outcome import operation_outcome
from telerehab.fhir.validation import validate

TYPES = sorted(resource_types())
NAMES = st.sampled_from(
    ["resourceType", "id", "meta", "extension", "url", "valueString", "_valueString", "contained", "reference", "type",
     "entry", "resource", "fullUrl", "parameter", "name", "_name", "text", "div", "status", "coding", "given", "_given"]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats().map(str).filter(lambda text: text not in ("nan", "inf", "-inf")).map(Number)
    | st.text()
    | st.sampled_from(["", "#", "#a", "Patient/1", "urn:uuid:1", "Patient?a=b", "2024-02-30", *TYPES[:5]])
)
JSON = st.recursive(
    SCALARS,
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(NAMES | st.text(), children, max_size=6)
    ),
    max_leaves=40,
)


@settings(deadline=None)  # the first resource of a type compiles it
@given(JSON, st.booleans())
def test_validate_answers_for_any_json(value: Any, in_bundle: bool) -> None:
    dump(operation_outcome(validate(value, in_bundle=in_bundle)))


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    """Resources of every type whose members have the right names and anything for a value."""
    type_name = draw(st.sampled_from(TYPES))
    names = [element["path"].partition(".")[2] for element in structure(type_name)["element"]]
    own = [name for name in names if name and "." not in name]
    members = draw(st.dictionaries(st.sampled_from(own + ["_" + name for name in own]), JSON, max_size=6))
    return {"resourceType": type_name, **members}


@settings(deadline=None)  # the first resource of a type compiles it
@given(resources(), st.booleans())
def test_validate_answers_for_any_members(resource: dict[str, Any], in_bundle: bool) -> None:
    for issue in validate(resource, in_bundle=in_bundle):
        assert issue.code in {
            "structure",
            "required",
            "value",
            "code-invalid",
            "invariant",
            "duplicate",
            "too-long",
        }
        assert issue.expression is not None
        assert issue.expression.startswith(resource["resourceType"])
