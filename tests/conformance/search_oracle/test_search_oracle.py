"""Random queries over random resources find what an evaluation of the definitions in memory finds.

SEARCH_ORACLE_CASES asks for more of them than are run by themselves, SEARCH_ORACLE_SEED for others.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.conformance.search_oracle.ordering import order
from tests.conformance.search_oracle.queries import Queries
from tests.conformance.search_oracle.store import Store

CASES = int(os.environ.get("SEARCH_ORACLE_CASES", "2000"))
SEED = int(os.environ.get("SEARCH_ORACLE_SEED", "1"))
SHARES = 8


@pytest.mark.parametrize("share", range(SHARES))
async def test_queries_find_what_the_definitions_say(store: Store, share: int) -> None:
    queries = Queries(SEED * SHARES + share, store.meaning)
    wrong = []
    sizes: Counter[bool] = Counter()
    for _ in range(CASES // SHARES):
        type_, criteria = queries.query()
        expected = store.meaning.found(type_, criteria)
        found = await store.all(type_, criteria)
        sizes[bool(expected)] += 1
        if sorted(found) != sorted(expected):
            wrong.append((type_, criteria, "more", set(found) - expected, "less", expected - set(found)))
    assert not wrong, f"{len(wrong)} of {CASES // SHARES}\n" + "\n".join(map(str, wrong[:20]))
    assert sizes[True] > sizes.total() / 3  # or it says little


SORTED = [
    ("Patient", "birthdate"),
    ("Patient", "family"),
    ("Patient", "-family"),
    ("Patient", "gender"),
    ("Patient", "-death-date"),
    ("Encounter", "date"),
    ("Encounter", "-date"),
    ("Encounter", "length"),
    ("Observation", "-date"),
    ("Observation", "status"),
    ("Observation", "value-quantity"),
    ("Condition", "onset-date"),
    ("RiskAssessment", "-probability"),
    ("ChargeItem", "factor-override"),
    ("Questionnaire", "-url"),
    ("Practitioner", "-_id"),
]


@pytest.mark.parametrize(("type_", "by"), SORTED)
async def test_a_sort_is_in_order_and_keeps_what_has_no_value_for_the_end(
    store: Store, type_: str, by: str
) -> None:
    pages = await store.pages(type_, [("_sort", by), ("_count", "7")])
    found = [name for page in pages for name in page]
    assert sorted(found) == sorted(store.meaning.found(type_, []))
    keys = [order(store.meaning, name, by) for name in found]
    with_value = [key for key in keys if key is not None]
    assert keys[len(with_value) :] == [None] * (len(keys) - len(with_value))
    assert with_value == sorted(with_value, reverse=by.startswith("-"))
    assert with_value


COMPARTMENTS: dict[str, tuple[str, ...]] = {
    "Observation": ("patient", "performer"),
    "Condition": ("patient", "asserter"),
}
COMPARTMENTS |= {"Encounter": ("patient",), "ChargeItem": ("subject",), "RiskAssessment": ("subject",)}


@pytest.mark.parametrize("type_", COMPARTMENTS)
async def test_a_compartment_holds_what_its_parameters_name(store: Store, type_: str) -> None:
    sizes = set()
    for patient in sorted(store.meaning.found("Patient", []))[:12]:
        expected = set.union(*(store.meaning.found(type_, [(code, patient)]) for code in COMPARTMENTS[type_]))
        assert await store.set(f"{patient}/{type_}", []) == expected
        sizes.add(len(expected))
    assert len(sizes) > 1


async def test_a_search_over_types_is_the_searches_of_each(store: Store) -> None:
    types = ["Patient", "Observation", "Encounter", "Questionnaire"]
    for criterion in [("_tag", "a"), ("_source:missing", "false"), ("_tag:not", "https://tags.example|b")]:
        expected = set.union(*(store.meaning.found(type_, [criterion]) for type_ in types))
        assert await store.set("", [("_type", ",".join(types)), criterion]) == expected
