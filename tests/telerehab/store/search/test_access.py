"""Who may see a part gets the same answers as from a database without the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telerehab.access import EVERYTHING, Access
from telerehab.fhir.search import Query, index, parse_query
from telerehab.resource import Resource
from tests.telerehab.store.search.conftest import Corpus, MakeCorpus, references
from tests.telerehab.store.search.predicates import predicates
from tests.telerehab.store.search.test_predicates import FEW, TYPES, on_path

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHARED = frozenset({"Organization", "Practitioner"})
QUERIES = [
    ("Observation", "_total=accurate&_count=5"),
    ("Observation", "_sort=-date&_count=7&_total=estimate"),
    ("Observation", "_count=0"),
    ("Observation", "status=final&_include=Observation:*&_include:iterate=Encounter:*&_count=10"),
    ("Patient", "_revinclude=Observation:subject&_revinclude=Encounter:subject&_count=50"),
    ("Patient", "_sort=family&_total=accurate"),
    ("Encounter", "_include=Encounter:subject&_revinclude=Claim:encounter&_sort=date"),
    ("Organization", "_revinclude=Patient:organization&_revinclude=Encounter:service-provider"),
    ("Claim", "_include=*&_count=3&_total=accurate"),
    ("Observation", "patient.family:missing=false&_total=accurate&_count=30"),
    ("Encounter", "subject:Patient.birthdate=gt1900&_sort=date&_count=30"),
    ("Organization", "_has:Patient:organization:active=true&_total=accurate"),
    ("Organization", "_has:Encounter:service-provider:status=finished&_total=accurate"),
    ("Patient", "_has:Observation:patient:encounter.status=finished&_total=accurate"),
    ("Practitioner", "_has:Encounter:practitioner:_has:Observation:encounter:status=final&_total=accurate"),
    ("Claim", "patient._has:Observation:patient:status=final&_total=accurate&_count=20"),
    ("Patient", "_revinclude=*&_count=2"),
    ("Observation", "_sort=code,-subject&_count=200"),
]


def names(resources: Sequence[Resource]) -> list[str]:
    return [each.reference for each in resources]


def in_order_of_writing(resources: list[Resource]) -> list[Resource]:
    """As a commit orders its rows, so that leaving some out does not put others in another place."""
    return sorted(resources, key=lambda each: (each.type, each.id))


@pytest.fixture(scope="session")
def patients(all_resources: list[Resource]) -> frozenset[str]:
    """Every other patient of those who have anything."""
    ids = {id_ for each in all_resources for id_ in index(each.content).patients}
    return frozenset(sorted(ids)[::2])


@pytest.fixture(scope="session", params=[frozenset(), SHARED], ids=["own only", "and shared types"])
def access(request: pytest.FixtureRequest, patients: frozenset[str]) -> Access:
    return Access(patients, request.param)


@pytest.fixture(scope="session")
async def whole(make_corpus: MakeCorpus, all_resources: list[Resource]) -> Corpus:
    made: Corpus = await make_corpus(in_order_of_writing(all_resources))
    return made


@pytest.fixture(scope="session")
async def part(make_corpus: MakeCorpus, all_resources: list[Resource], access: Access) -> Corpus:
    """A database with the visible rows only."""
    made: Corpus = await make_corpus(
        each
        for each in in_order_of_writing(all_resources)
        if access.allows(each.type, index(each.content).patients)
    )
    assert 0 < len(made.stored) < len(all_resources)
    return made


@pytest.mark.parametrize("window", [None, 0, 40])
@pytest.mark.parametrize(("type_", "text"), QUERIES)
async def test_pages_totals_and_includes_are_those_without_the_hidden_rows(
    whole: Corpus, part: Corpus, access: Access, type_: str, text: str, window: int | None
) -> None:
    query = parse_query(type_, [tuple(pair.split("=", 1)) for pair in text.split("&")])  # type: ignore[misc]
    hidden, absent = on_path(whole, window), on_path(part, window)
    cursors: tuple[str | None, str | None] = (None, None)
    for _ in range(4):
        one = await hidden.page(query, access, cursor=cursors[0])
        other = await absent.page(query, EVERYTHING, cursor=cursors[1])
        assert names(one.matches) == names(other.matches)
        assert sorted(names(one.included)) == sorted(names(other.included))
        assert one.total == other.total
        assert (one.next_cursor is None) == (other.next_cursor is None)
        if one.next_cursor is None:
            break
        cursors = (one.next_cursor, other.next_cursor)


@given(data=st.data(), type_=st.sampled_from(TYPES))
@FEW
async def test_any_search_finds_what_it_would_without_the_hidden_rows(
    whole: Corpus, part: Corpus, access: Access, data: st.DataObject, type_: str
) -> None:
    where = data.draw(predicates(whole, type_, with_last_updated=False))
    query = Query(type_, where, count=1000)
    expected = [
        each.reference for each in whole.expected(type_, where) if access.allows(type_, each.rows.patients)
    ]
    assert await references(whole.search, query, access) == expected
    assert await references(part.search, query, EVERYTHING) == expected
    counted = await whole.search.page(replace(query, count=0), access)
    assert counted.total == len(expected)


async def test_a_compartment_streams_what_may_be_seen(
    whole: Corpus, access: Access, patients: frozenset[str]
) -> None:
    mine = sorted(patients)[-1]
    wanted = [each.reference for each in whole.stored if mine in each.rows.patients]
    assert wanted
    assert [each.reference async for each in whole.search.compartment([mine], access)] == wanted
    nobody = Access(frozenset({"nobody"}))
    assert [each async for each in whole.search.compartment([mine], nobody)] == []
