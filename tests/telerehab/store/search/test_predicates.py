"""What the database finds is what matches in memory, whichever path the search takes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telerehab.access import EVERYTHING
from telerehab.fhir.search import Query
from telerehab.fhir.search.predicate import All, AnyOf, Predicate
from telerehab.store.search import Search
from telerehab.store.search.path import Path, conjuncts
from tests.telerehab.store.search.conftest import Corpus, references
from tests.telerehab.store.search.predicates import leaves, predicates

pytestmark = pytest.mark.asyncio(loop_scope="session")

TYPES = [
    "Observation",
    "Patient",
    "Encounter",
    "Organization",
    "Claim",
    "ImmunizationRecommendation",
    "Condition",
    "RiskAssessment",
]
COUNTS = st.sampled_from([1, 7, 1000])
FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Fixed:
    """A path chooser that always says the same; `lead` also leads with the first criterion."""

    def __init__(self, window: int | None, lead: bool = False) -> None:
        self.window = window
        self.lead = lead

    async def choose(self, where: list[Predicate], *_: object) -> Path:
        return Path(self.window, where[0] if self.lead and where else None)


def on_path(corpus: Corpus, window: int | None, lead: bool = False) -> Search:
    search = Search(corpus.store.pool, corpus.store.cursors, corpus.store.aliases)
    search._paths = Fixed(window, lead)  # type: ignore[assignment]
    return search


async def check(search: Search, corpus: Corpus, type_: str, where: Predicate, count: int) -> None:
    expected = [each.reference for each in corpus.expected(type_, where)]
    if len(expected) > 20 * count:
        count = len(expected)
    assert await references(search, Query(type_, where, count=count), EVERYTHING) == expected


@pytest.mark.parametrize("type_", TYPES)
@given(data=st.data(), count=COUNTS)
@FEW
async def test_each_kind_of_predicate_finds_what_matches(
    corpus: Corpus, type_: str, data: st.DataObject, count: int
) -> None:
    where = data.draw(leaves(corpus, type_))
    await check(corpus.search, corpus, type_, where, count)
    await check(on_path(corpus, None, lead=True), corpus, type_, where, 1000)


@pytest.mark.parametrize("window", [None, 0, 15])
@given(data=st.data(), type_=st.sampled_from(TYPES), count=COUNTS)
@FEW
async def test_any_combination_finds_what_matches_on_every_path(
    corpus: Corpus, window: int | None, data: st.DataObject, type_: str, count: int
) -> None:
    where = data.draw(predicates(corpus, type_))
    await check(on_path(corpus, window), corpus, type_, where, count)


@given(data=st.data(), type_=st.sampled_from(TYPES))
@FEW
async def test_or_is_the_union_and_and_the_intersection(
    corpus: Corpus, data: st.DataObject, type_: str
) -> None:
    some = predicates(corpus, type_)
    one, other = data.draw(some), data.draw(some)

    async def ids(where: Predicate) -> set[str]:
        return set(await corpus.search.ids(Query(type_, where), EVERYTHING, limit=10_000))

    assert await ids(AnyOf((one, other))) == await ids(one) | await ids(other)
    assert await ids(All((one, other))) == await ids(one) & await ids(other)


@given(data=st.data(), type_=st.sampled_from(TYPES))
@FEW
async def test_totals_count_what_is_found(corpus: Corpus, data: st.DataObject, type_: str) -> None:
    where = data.draw(predicates(corpus, type_))
    found = len(corpus.expected(type_, where))
    for query in (
        Query(type_, where, count=0),
        Query(type_, where, count=3, total="accurate"),
        Query(type_, where, count=3, total="estimate"),
    ):
        assert (await corpus.search.page(query, EVERYTHING)).total == found


async def test_a_search_over_all_types_finds_all(corpus: Corpus) -> None:
    found = await references(corpus.search, Query("Resource", count=1000), EVERYTHING)
    assert found == [each.reference for each in reversed(corpus.stored)]


async def test_all_finds_the_oldest_first(corpus: Corpus) -> None:
    found = await corpus.search.all(Query("Patient"), EVERYTHING, limit=5)
    assert [each.reference for each in found] == [each.reference for each in corpus.of_type("Patient")[:5]]


async def test_nested_conjunctions_are_flat() -> None:
    a, b, c = AnyOf(()), All(()), AnyOf((All(()),))
    assert conjuncts(All((a, All((b, c))))) == [a, c]
