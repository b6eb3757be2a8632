"""Order and pages: sorted as in memory, the same in pages as whole, stable while others write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telerehab.access import EVERYTHING, Access
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search import Query, SortKey, parse_query
from telerehab.fhir.search.predicate import LastUpdated, Prefix
from telerehab.fhir.search.rows import END_OF_TIME
from telerehab.resource import Resource
from telerehab.store.search.strings import INDEXED
from tests.telerehab.store.search.conftest import Corpus, MakeCorpus, Stored, load, references
from tests.telerehab.store.search.predicates import predicates
from tests.telerehab.store.search.test_predicates import FEW, on_path

pytestmark = pytest.mark.asyncio(loop_scope="session")

SORTS = [
    ("Observation", "date"),
    ("Observation", "-date"),
    ("Observation", "value-quantity"),
    ("Observation", "-value-quantity,date"),
    ("Patient", "family,-given"),
    ("Patient", "-name"),
    ("Patient", "birthdate,_id"),
    ("Encounter", "_lastUpdated"),
    ("Encounter", "-_lastUpdated"),
    ("Encounter", "-_id"),
    ("Condition", "-onset-date,-_lastUpdated"),
    ("Organization", "name,-_id"),
    ("Patient", "gender,-birthdate"),
    ("Patient", "-active"),
    ("Patient", "identifier"),
    ("Observation", "-code"),
    ("Observation", "subject,-date"),
    ("Observation", "-encounter"),
    ("Observation", "date,category"),
    ("Encounter", "-class,patient"),
    ("Condition", "-category,_lastUpdated"),
]


def value(key: SortKey, each: Stored) -> Any:
    if key.by == "id":
        return each.rows.id
    if key.by == "last_updated":
        return each.last_updated
    if key.by == "code":
        codes = [code for names in key.elements for code in at(each.content, names)]
        return (max if key.descending else min)(codes, default=None)
    rows: list[Any] = getattr(each.rows, f"{key.by}s")
    mine = [row for row in rows if row.parameter == key.parameter]
    if not mine:
        return None
    if key.by == "reference":
        named = [f"{row.target_type}/{row.target_id}" for row in mine]
        return max(named) if key.descending else min(named)
    if key.by == "string":
        texts = [row.normalised[:INDEXED] for row in mine]
        return max(texts) if key.descending else min(texts)
    return max(row.hi for row in mine) if key.descending else min(row.lo for row in mine)


def at(content: Any, names: tuple[str, ...]) -> list[str]:
    """The texts at the elements."""
    if isinstance(content, list):
        return [text for item in content for text in at(item, names)]
    if not names:
        return [str(content).lower() if isinstance(content, bool) else content]
    return at(content[names[0]], names[1:]) if names[0] in content else []


def sorted_in_memory(found: list[Stored], keys: tuple[SortKey, ...]) -> list[str]:
    ordered = sorted(found, key=lambda each: each.place, reverse=keys[0].descending)
    for key in reversed(keys):
        having = [each for each in ordered if value(key, each) is not None]
        having.sort(key=lambda each: value(key, each), reverse=key.descending)
        ordered = having + [each for each in ordered if value(key, each) is None]
    return [each.reference for each in ordered]


@pytest.mark.parametrize(("type_", "sort"), SORTS)
@pytest.mark.parametrize("window", [None, 0, 40])
async def test_pages_come_in_the_order_asked_for(
    corpus: Corpus, type_: str, sort: str, window: int | None
) -> None:
    query = parse_query(type_, [("_sort", sort), ("_count", "90")])
    found = await references(on_path(corpus, window), query, EVERYTHING)
    assert found == sorted_in_memory(list(reversed(corpus.of_type(type_))), query.sort)


@pytest.mark.parametrize("window", [None, 0, 40])
@given(data=st.data(), case=st.sampled_from(SORTS), count=st.sampled_from([3, 50]))
@FEW
async def test_criteria_and_order_go_together(
    corpus: Corpus, window: int | None, data: st.DataObject, case: tuple[str, str], count: int
) -> None:
    type_, sort = case
    where = data.draw(predicates(corpus, type_))
    expected = corpus.expected(type_, where)
    query = Query(
        type_, where, sort=parse_query(type_, [("_sort", sort)]).sort, count=max(count, len(expected) // 10)
    )
    found = await references(on_path(corpus, window), query, EVERYTHING)
    assert found == sorted_in_memory(expected, query.sort)


async def test_a_resource_that_stays_comes_once_though_others_come_and_go(
    make_corpus: MakeCorpus, all_resources: list[Resource]
) -> None:
    patients = [each for each in all_resources if each.type == "Patient"]
    corpus = await make_corpus(patients[:10])
    query = Query("Patient", count=3)
    first = await corpus.search.page(query, EVERYTHING)
    before = list(corpus.stored)
    await load(corpus, patients[10:])
    found = [each.reference for each in first.matches]
    cursor = first.next_cursor
    while cursor:
        page = await corpus.search.page(query, EVERYTHING, cursor=cursor)
        found += [each.reference for each in page.matches]
        cursor = page.next_cursor
    assert found == [each.reference for each in reversed(before)]


async def test_a_cursor_opens_for_its_search_and_caller_only(corpus: Corpus) -> None:
    query = parse_query("Observation", [("status", "final"), ("_count", "2")])
    page = await corpus.search.page(query, EVERYTHING)
    assert page.next_cursor
    smaller = parse_query("Observation", [("status", "final"), ("_count", "1")])
    assert (await corpus.search.page(smaller, EVERYTHING, cursor=page.next_cursor)).matches
    other = parse_query("Observation", [("status", "preliminary"), ("_count", "2")])
    for wrong, access, cursor in (
        (other, EVERYTHING, page.next_cursor),
        (query, Access(frozenset({"example"})), page.next_cursor),
        (query, EVERYTHING, page.next_cursor[:-2] + "AA"),
        (query, EVERYTHING, "not a cursor"),
    ):
        with pytest.raises(FhirError) as refused:
            await corpus.search.page(wrong, access, cursor=cursor)
        assert refused.value.status == 410


async def test_a_poll_stops_where_a_running_write_may_still_come(corpus: Corpus) -> None:
    newest = corpus.of_type("Encounter")[-1].last_updated
    where = LastUpdated(Prefix.ge, newest - timedelta(days=1), END_OF_TIME)
    query = Query("Encounter", where, sort=(SortKey("last_updated"),), count=1000)
    async with corpus.store.pool.held() as held:
        connection = await held.connect()
        async with connection.transaction():
            started = await connection.fetchval("SELECT now()")
            await connection.execute(
                "UPDATE resource SET last_updated = clock_timestamp() WHERE type = 'Encounter' AND id = $1",
                corpus.of_type("Encounter")[0].rows.id,
            )
            page = await corpus.search.page(query, EVERYTHING)
            assert page.until is not None
            assert page.until <= started
            assert all(each.last_updated < page.until for each in page.matches if each.last_updated)
            assert page.issues
            await connection.execute("ROLLBACK; BEGIN")
    assert len(page.matches) == len(corpus.of_type("Encounter"))
