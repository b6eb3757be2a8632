from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telerehab.fhir.definitions.value_sets import value_set, value_set_urls
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.terminology.code_system import CodeSystem
from telerehab.fhir.terminology.expansion import Versions, content_of
from telerehab.fhir.terminology.known import Known, best_first

SYSTEM = "http://example.org/tree"


def tree(parents: list[int]) -> JsonObject:
    """A code system in which code n is below code parents[n - 1]."""
    concepts = [
        {
            "code": str(number),
            "property": [{"code": "parent", "valueCode": str(parents[number - 1])}] if number else [],
        }
        for number in range(len(parents) + 1)
    ]
    for concept in concepts:
        if not concept["property"]:
            del concept["property"]
    return {"resourceType": "CodeSystem", "url": SYSTEM, "content": "complete", "concept": concepts}


trees = (
    st.integers(1, 12).flatmap(lambda size: st.tuples(*(st.integers(0, n) for n in range(size)))).map(list)
)


@given(trees)
@settings(deadline=None)
def test_above_is_the_converse_of_below(parents: list[int]) -> None:
    system = CodeSystem(tree(parents))
    for a in system.concepts:
        for b in system.concepts:
            assert (b in system.below(a)) is (a in system.above(b))
    assert system.below("0") == frozenset(system.concepts)


@given(trees, st.data())
@settings(deadline=None)
def test_include_and_exclude_are_union_and_difference(parents: list[int], data: st.DataObject) -> None:
    system = tree(parents)
    known, asked = Known([system]), CodeSystem(system)
    a, b, c = (data.draw(st.sampled_from(sorted(asked.concepts))) for _ in range(3))

    def below(code: str) -> JsonObject:
        return {"system": SYSTEM, "filter": [{"property": "concept", "op": "is-a", "value": code}]}

    compose = {"include": [below(a), below(b)], "exclude": [below(c)]}
    found = {code for _, code in content_of({"resourceType": "ValueSet", "compose": compose}, known).members}
    assert found == (asked.below(a) | asked.below(b)) - asked.below(c)


def test_a_hierarchy_that_runs_in_a_circle_ends() -> None:
    concepts = [
        {"code": one, "property": [{"code": "parent", "valueCode": other}]}
        for one, other in ("ab", "bc", "ca")
    ]
    system = CodeSystem({"url": SYSTEM, "concept": concepts})
    assert system.below("a") == system.above("b") == {"a", "b", "c"}


@pytest.mark.parametrize("meaning", ["part-of", "grouped-by", "classified-with"])
def test_only_the_hierarchy_of_kinds_subsumes(meaning: str) -> None:
    concept = {"code": "hospital", "concept": [{"code": "ward"}]}
    system = CodeSystem({"url": SYSTEM, "hierarchyMeaning": meaning, "concept": [concept]})
    assert system.below("hospital") == {"hospital"}
    assert list(system.concepts["ward"].values("parent")) == ["hospital"]


@pytest.mark.parametrize("url", value_set_urls())
def test_what_is_expanded_is_what_bindings_require(url: str) -> None:
    known = Known()
    published = known.value_set(url)
    assert published is not None
    expected = [(concept.system, concept.code) for concept in value_set(url) or ()]
    assert sorted(content_of(published, known).whole().members) == sorted(expected)


def test_what_r4_publishes_whole_cannot_be_stored_otherwise() -> None:
    genders = "http://hl7.org/fhir/administrative-gender"
    other = {
        "resourceType": "CodeSystem",
        "url": genders,
        "content": "complete",
        "concept": [{"code": "robot"}],
    }
    known = Known([other, {**other, "version": "9"}])
    assert "male" in (known.code_system(genders) or CodeSystem({})).concepts
    assert "robot" in (known.code_system(genders, "9") or CodeSystem({})).concepts


def test_what_r4_gives_as_an_example_may_be_stored_whole() -> None:
    services = "http://terminology.hl7.org/CodeSystem/service-type"
    own = {"resourceType": "CodeSystem", "url": services, "content": "complete", "concept": [{"code": "x"}]}
    assert set((Known([own]).code_system(services) or CodeSystem({})).concepts) == {"x"}
    assert len((Known().code_system(services) or CodeSystem({})).concepts) > 500


def test_of_several_versions_the_active_and_latest_is_taken() -> None:
    listed = [
        {"status": status, "version": version}
        for status, version in (("active", "1.9"), ("draft", "3"), ("active", "1.10"), ("retired", "4"))
    ]
    assert [one["version"] for one in best_first(listed, None)] == ["1.10", "1.9", "3", "4"]
    assert best_first(listed, "3") == [{"status": "draft", "version": "3"}]
    assert best_first(listed, "5") == []


def test_imports_in_a_circle_are_refused() -> None:
    def importing(name: str, other: str) -> JsonObject:
        return {
            "resourceType": "ValueSet",
            "url": name,
            "compose": {"include": [{"valueSet": [other]}]},
        }

    a, b = importing("urn:a", "urn:b"), importing("urn:b", "urn:a")
    with pytest.raises(FhirError) as refused:
        content_of(a, Known([a, b]))
    assert refused.value.status == 422


def test_an_expansion_that_is_stored_without_a_composition_is_taken_as_it_is() -> None:
    nested = {"code": "a", "system": SYSTEM, "contains": [{"code": "b", "system": SYSTEM}]}
    stored = {
        "resourceType": "ValueSet",
        "expansion": {"contains": [{"display": "group", "contains": [nested]}]},
    }
    assert list(content_of(stored, Known()).members) == [(SYSTEM, "a"), (SYSTEM, "b")]


def test_inactive_codes_are_left_out_where_the_value_set_says_so() -> None:
    concepts = [{"code": "new"}, {"code": "old", "property": [{"code": "status", "valueCode": "retired"}]}]
    known = Known([{"resourceType": "CodeSystem", "url": SYSTEM, "content": "complete", "concept": concepts}])
    compose = {"include": [{"system": SYSTEM}]}
    assert len(content_of({"compose": compose}, known).members) == 2
    assert list(content_of({"compose": {**compose, "inactive": False}}, known).members) == [(SYSTEM, "new")]


def test_what_many_import_is_worked_out_once() -> None:
    """Each level imports the next twice: without that, 2 to the power of 14 times."""
    levels: list[JsonObject] = [
        {"url": f"urn:{level}", "compose": {"include": [{"valueSet": [f"urn:{level + 1}"]}] * 2}}
        for level in range(14)
    ]
    levels.append({"url": "urn:14", "compose": {"include": [{"system": SYSTEM}]}})
    concepts = [{"code": str(number)} for number in range(1000)]
    system = {"resourceType": "CodeSystem", "url": SYSTEM, "content": "complete", "concept": concepts}
    known = Known([system, *({"resourceType": "ValueSet", **one} for one in levels)])
    assert len(content_of(levels[0], known).members) == 1000


def test_work_without_end_is_refused() -> None:
    acts = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode"}
    with pytest.raises(FhirError) as refused:
        content_of({"compose": {"include": [acts] * 1000}}, Known())
    assert refused.value.issues[0].code == "too-costly"


@pytest.mark.parametrize(
    ("versions", "said", "used"),
    [
        (Versions(), None, "2"),
        (Versions(), "1", "1"),
        (Versions(default={SYSTEM: "1"}), None, "1"),
        (Versions(default={SYSTEM: "1"}), "2", "2"),
        (Versions(forced={SYSTEM: "1"}), "2", "1"),
        (Versions(checked={SYSTEM: "1"}), None, "1"),
        (Versions(checked={SYSTEM: "1"}), "2", None),
    ],
)
def test_which_version_of_a_system_is_used(versions: Versions, said: str | None, used: str | None) -> None:
    known = Known(
        {
            "resourceType": "CodeSystem",
            "url": SYSTEM,
            "version": version,
            "status": "active",
            "content": "complete",
            "concept": [{"code": f"of-{version}"}],
        }
        for version in ("1", "2")
    )
    include = {"system": SYSTEM, **({"version": said} if said else {})}
    value_set = {"compose": {"include": [include]}}
    if used is None:
        with pytest.raises(FhirError, match="another version"):
            content_of(value_set, known, versions)
    else:
        assert list(content_of(value_set, known, versions).members) == [(SYSTEM, f"of-{used}")]
