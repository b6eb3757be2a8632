"""What a search refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest

from telerehab.access import EVERYTHING
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search import Query, parse_query
from telerehab.fhir.search.predicate import AnyOf, StringContains, StringStarts
from telerehab.store.pool import MOST_STATEMENTS, Pool
from telerehab.store.search import Search
from tests.telerehab.store.search.conftest import Corpus, MakeCorpus

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_search_that_takes_too_long_is_too_costly(
    make_corpus: MakeCorpus, all_resources: Any
) -> None:
    corpus: Corpus = await make_corpus(all_resources)
    (row,) = await corpus.store.pool.fetch("SELECT current_database()")
    dsn = corpus.store.pool._all[0]._dsn
    assert row[0] in dsn
    hurried = Pool(dsn, schema="records", size=1, statement_timeout=0.02)
    wide = AnyOf(tuple(StringContains(number, "nowhere") for number in range(2000)))
    with pytest.raises(FhirError) as refused:
        await Search(hurried, corpus.store.cursors, corpus.store.aliases).page(
            Query("Observation", wide, count=0), EVERYTHING
        )
    await hurried.close()
    assert refused.value.status == 503
    assert refused.value.issues[0].code == "too-costly"
    assert refused.value.headers["Retry-After"]


async def test_a_character_that_cannot_be_stored_is_refused(corpus: Corpus) -> None:
    with pytest.raises(FhirError) as refused:
        await corpus.search.page(Query("Patient", StringStarts(1, "a\0")), EVERYTHING)
    assert refused.value.status == 400


async def test_values_are_never_part_of_the_statement(corpus: Corpus) -> None:
    for value in ("'; DROP TABLE resource; --", "%", "\\", "$1", "a' OR 'a'='a"):
        for name in ("family", "family:exact", "identifier", "_id"):
            query = parse_query("Patient", [(name, value.replace("\\", "\\\\").replace("$", "\\$"))])
            assert (await corpus.search.page(query, EVERYTHING)).matches == []
    assert corpus.of_type("Patient")


async def test_a_connection_keeps_a_bounded_number_of_statements(corpus: Corpus) -> None:
    async with corpus.store.pool.held() as held:
        for number in range(MOST_STATEMENTS + 5):
            await held.prepare(f"SELECT {number}")
        assert len(held.statements) == MOST_STATEMENTS
