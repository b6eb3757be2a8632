"""A database with the official examples and the Synthea patients, and the same in memory as the measure."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from telerehab.fhir import json as fhir_json
from telerehab.fhir.search import Query, index, matches
from telerehab.fhir.search.predicate import Predicate
from telerehab.fhir.search.rows import IndexRows
from telerehab.resource import Resource
from telerehab.service import Service
from telerehab.store.migrate import migrate
from telerehab.store.pool import Pool
from telerehab.store.search import Search
from telerehab.store.store import Store
from telerehab.write_set import RowWrite, WriteSet

DATA = Path(__file__).parents[3] / "data"
RECORDS = Service("records")
BATCH = 250


@dataclass(frozen=True)
class Stored:
    """One resource as stored; `place` is its place in the order of creation."""

    place: int
    rows: IndexRows
    last_updated: datetime
    content: dict[str, Any]

    @property
    def reference(self) -> str:
        return f"{self.rows.type}/{self.rows.id}"


class Corpus:
    """A store, its search, and all that is live in it, oldest first (no dataclass: hypothesis would print it)."""

    def __init__(self, store: Store, search: Search) -> None:
        self.store = store
        self.search = search
        self.stored: list[Stored] = []

    def of_type(self, type_: str) -> list[Stored]:
        return [each for each in self.stored if each.rows.type == type_]

    def expected(self, type_: str, where: Predicate) -> list[Stored]:
        """What matches in memory, newest first."""
        return [
            each for each in reversed(self.of_type(type_)) if matches(where, each.rows, each.last_updated)
        ]


MakeCorpus = Callable[[Iterable[Resource]], Any]


def resources() -> Iterator[Resource]:
    """The official examples, then the entries of the Synthea bundles, local references instead of urn:uuid."""
    with gzip.open(DATA / "r4-examples.ndjson.gz", "rt") as lines:
        for line in lines:
            content = fhir_json.parse_object(json.loads(line)["text"])
            if "id" in content:
                yield Resource.of(content)
    with gzip.open(DATA / "synthea-r4-transactions.ndjson.gz", "rt") as lines:
        for line in lines:
            text = line
            for entry in json.loads(line)["entry"]:
                type_, id_ = entry["resource"]["resourceType"], entry["fullUrl"].removeprefix("urn:uuid:")
                text = text.replace(f"urn:uuid:{id_}", f"{type_}/{id_}")
            for entry in fhir_json.parse_object(text)["entry"]:
                yield Resource.of(entry["resource"])


@pytest.fixture(scope="session")
def all_resources() -> list[Resource]:
    """Each resource once."""
    return list({resource.reference: resource for resource in resources()}.values())


@pytest.fixture(scope="session")
async def make_corpus(new_database: Any) -> AsyncIterator[MakeCorpus]:
    """`await make_corpus(resources)` loads a database of its own."""
    template = await new_database(name="search_template")
    await migrate(template, [RECORDS])
    pools = []

    async def make(of: Iterable[Resource]) -> Corpus:
        pool = Pool(await new_database(template="search_template"), schema="records", size=2)
        pools.append(pool)
        store = await Store.open(pool, RECORDS)
        corpus = Corpus(store, Search(pool, store.cursors, store.aliases))
        await load(corpus, list(of))
        return corpus

    yield make
    for pool in pools:
        await pool.close()


@pytest.fixture(scope="session")
async def corpus(make_corpus: MakeCorpus, all_resources: list[Resource]) -> Corpus:
    """Everything, with every 50th resource deleted again."""
    made: Corpus = await make_corpus(all_resources)
    for each in made.stored[::50]:
        rows = IndexRows(each.rows.type, each.rows.id, patients=each.rows.patients)
        row = RowWrite(-1, rows.type, rows.id, 1, "DELETE", None, 0, rows, b"key")
        await made.store.apply(WriteSet("records", rows=[row]))
    del made.stored[::50]
    return made


async def load(corpus: Corpus, of: list[Resource]) -> None:
    """Write resources in order, and note what was stored."""
    for start in range(0, len(of), BATCH):
        batch = of[start : start + BATCH]
        writes = [
            RowWrite(-1, each.type, each.id, 0, "PUT", each.text, each.splice, index(each.content), b"key")
            for each in batch
        ]
        await corpus.store.apply(WriteSet("records", rows=writes))
    known = {each.reference: (each.rows, each.content) for each in corpus.stored}
    known |= {each.reference: (index(each.content), each.content) for each in of}
    rows = await corpus.store.pool.fetch("SELECT type, id, last_updated FROM resource ORDER BY rid")
    corpus.stored = [
        Stored(place, known[name][0], row["last_updated"], known[name][1])
        for place, row in enumerate(rows)
        for name in (f"{row['type']}/{row['id']}",)
    ]


async def references(search: Search, query: Query, access: Any) -> list[str]:
    """All matches, page after page."""
    found: list[str] = []
    cursor = None
    while True:
        page = await search.page(query, access, cursor=cursor)
        found += [resource.reference for resource in page.matches]
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert len(page.matches) == query.count
