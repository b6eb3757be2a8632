"""Plan tests of the search at 10^6 Observations: each path and the cases that mislead a planner.

    python -m bench.search_plans [--rows 1000000] [--only TEXT]

Rows are made in the database itself: 40 codes by Zipf's law, 50 Observations a patient, dates that grow with rid.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from telerehab.access import EVERYTHING, Access
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search import Query, parse_query
from telerehab.fhir.search.parameter import parameters
from telerehab.fhir.search.predicate import HasToken
from telerehab.service import Service
from telerehab.store import embedded
from telerehab.store.data_folder import DataFolder
from telerehab.store.migrate import migrate
from telerehab.store.pool import Pool
from telerehab.store.search import Search
from telerehab.store.search.order import Order
from telerehab.store.store import Store

SERVICE = Service("outcomes")
CODES = 40
PER_PATIENT = 50
RUNS = 15
OLD = 0.03  # the share of Observations, the oldest, that are entered-in-error

# What is asked, as type and parameters; a patient's id behind "as" restricts the caller to that compartment.
CASES: list[tuple[str, str]] = [
    ("newest of a type", "Observation?"),
    ("absent token", "Observation?identifier=nobody"),
    ("unique token", "Observation?identifier=unique"),
    ("rare code, 0.6 %", "Observation?code=c40"),
    ("middling code, 2.3 %", "Observation?code=c10"),
    ("common code, 23 %", "Observation?code=c1"),
    ("common code, a page of 1000", "Observation?code=c1&_count=1000"),
    ("patient", "Observation?subject=Patient/p77"),
    ("patient and common code", "Observation?subject=Patient/p77&code=c1"),
    ("patient and date", "Observation?subject=Patient/p77&date=ge2024"),
    ("patient and code, latest", "Observation?subject=Patient/p77&code=c1&_sort=-date&_count=1"),
    ("all matches old, 3 %", "Observation?status=entered-in-error"),
    ("two common tokens never together", "Observation?category=laboratory&category=vital-signs"),
    ("two common tokens seldom together", "Observation?code=c1&status=entered-in-error"),
    ("negative only, 10 % match", "Observation?status:not=final"),
    ("negative only, none match", "Observation?status:missing=true"),
    ("one day", "Observation?date=2024-05-05"),
    ("one day and common code", "Observation?date=2024-05-05&code=c1"),
    ("since years and common code", "Observation?date=ge2023&code=c1"),
    ("before all and common code", "Observation?date=lt2022-01-02&code=c1"),
    ("common code, newest by date", "Observation?code=c1&_sort=-date"),
    ("all, newest by date", "Observation?_sort=-date"),
    ("old ones, newest by date", "Observation?status=entered-in-error&_sort=-date"),
    ("common code, by value", "Observation?code=c1&_sort=value-quantity"),
    ("value above, 1 %", "Observation?value-quantity=gt99"),
    ("value above and common code", "Observation?value-quantity=gt99&code=c1"),
    ("poll by lastUpdated, from the start", "Observation?_lastUpdated=ge2000&_sort=_lastUpdated"),
    ("poll by lastUpdated, at the end", "Observation?_lastUpdated=ge2100&_sort=_lastUpdated"),
    ("name starts", "Patient?family=fam77"),
    ("name within", "Patient?family:contains=am777"),
    ("names, or", "Patient?family=fam77,fam88"),
    ("patients by name order", "Patient?_sort=family"),
    ("patient with includes both ways", "Patient?_id=p77&_revinclude=Observation:subject"),
    ("linked: chain to nobody", "Observation?patient.family=nobody"),
    ("linked: chain to a few patients", "Observation?patient.family=fam77"),
    ("linked: chain to a few, common code", "Observation?patient.family=fam77&code=c1"),
    ("linked: chain to all patients", "Observation?patient.family=fam"),
    ("linked: chain to all, patient given", "Observation?patient.family=fam&subject=Patient/p77"),
    ("linked: _has rare code", "Patient?_has:Observation:patient:code=c40"),
    ("linked: _has common code", "Patient?_has:Observation:patient:code=c1"),
    ("linked: _has common code, a few named", "Patient?_has:Observation:patient:code=c1&family=fam77"),
    ("linked: _has nothing", "Patient?_has:Observation:patient:code=nothing"),
    ("linked: count of chain to a few", "Observation?patient.family=fam77&_count=0"),
    ("one patient, by code", "Observation?subject=Patient/p77&_sort=code"),
    ("as p77: linked: chain to all patients", "Observation?patient.family=fam"),
    ("as p77: all", "Observation?"),
    ("as p77: common code", "Observation?code=c1"),
    ("as p77: newest by date", "Observation?_sort=-date"),
    ("count common", "Observation?code=c1&_count=0"),
    ("count rare", "Observation?code=c40&_count=0"),
    ("estimate common", "Observation?code=c1&_total=estimate"),
]

_OBSERVATIONS = """
INSERT INTO resource (type, id, version, last_updated, deleted, method, content, splice, event_key, patients, tok)
SELECT 'Observation', 'o' || i, 1, '2020-01-01'::timestamptz + i * interval '1 second', false, 'POST',
    '{"resourceType":"Observation","meta":{},"note":"' || md5(i::text) || repeat(md5((i + 1)::text), 12) || '"}',
    39, '\\x00', ARRAY['p' || person.n],
    ARRAY[($1::bigint[])[1 + width_bucket(random(), $2::float8[])], person.token,
        ($5::bigint[])[CASE WHEN i <= $3 * $4::float8 THEN 3 WHEN random() < 0.93 THEN 1 ELSE 2 END],
        ($6::bigint[])[1 + i % 2], hashint8extended(i, 7)] || $7::bigint[]
FROM generate_series(1, $3::bigint) AS i
JOIN person ON person.n = 1 + (i * 7919) % $8::bigint
"""

_SIDE = """
INSERT INTO search_date SELECT rid, {date}, at, at + interval '1 second'
    FROM (SELECT rid, '2022-01-01'::timestamptz + rid * interval '{step} seconds' AS at
        FROM resource WHERE type = 'Observation') o;
INSERT INTO search_number SELECT rid, {value}, v, v, 'http://unitsofmeasure.org', 'kg', 'kg'
    FROM (SELECT rid, (random() * 100)::numeric(6, 2) AS v FROM resource WHERE type = 'Observation') o;
INSERT INTO search_reference SELECT rid, {subject}, 'Patient', patients[1] FROM resource WHERE type = 'Observation';
INSERT INTO resource (type, id, version, last_updated, deleted, method, content, splice, event_key, patients, tok)
    SELECT 'Patient', id, 1, '2021-01-01', false, 'POST', '{{"resourceType":"Patient","meta":{{}}}}', 34, '\\x00',
        ARRAY[id], ARRAY[hashint8extended(n, 8)] FROM person;
INSERT INTO search_string SELECT rid, {family}, 'fam' || substr(id, 2), 'Fam' || substr(id, 2)
    FROM resource WHERE type = 'Patient';
UPDATE resource SET tok = tok || {unique} WHERE rid = (SELECT max(rid) / 2 FROM resource);
"""


def token(type_: str, name: str, value: str) -> int:
    """The hash that a search for one value looks up."""
    where = parse_query(type_, [(name, value)]).where
    assert isinstance(where, HasToken), where
    return where.any_of[0]


async def fill(connection: asyncpg.Connection, rows: int) -> None:
    """Make `rows` Observations, their patients and side rows."""
    known = parameters("Observation")
    people = max(rows // PER_PATIENT, 1)
    await connection.execute("SET search_path = outcomes, public; SET synchronous_commit = off")
    await connection.execute("CREATE TEMP TABLE person (n bigint PRIMARY KEY, id text, token bigint)")
    await connection.executemany(
        "INSERT INTO person VALUES ($1, $2, $3)",
        [(n, f"p{n}", token("Observation", "subject", f"Patient/p{n}")) for n in range(1, people + 1)],
    )
    weights = [1 / n for n in range(1, CODES + 1)]
    bounds = [sum(weights[:n]) / sum(weights) for n in range(1, CODES)]
    await connection.execute(
        _OBSERVATIONS,
        [token("Observation", "code", f"c{n}") for n in range(1, CODES + 1)],
        bounds,
        rows,
        OLD,
        [token("Observation", "status", code) for code in ("final", "amended", "entered-in-error")],
        [token("Observation", "category", code) for code in ("laboratory", "vital-signs")],
        [known[code].present[0] for code in ("code", "status", "subject", "date")],
        people,
        timeout=1200,
    )
    await connection.execute(
        _SIDE.format(
            date=known["date"].hash,
            step=max(1, int(3 * 365 * 86400 / rows)),
            value=known["value-quantity"].hash,
            subject=known["subject"].hash,
            family=parameters("Patient")["family"].hash,
            unique=token("Observation", "identifier", "unique"),
        ),
        timeout=1200,
    )
    await connection.execute("VACUUM ANALYZE", timeout=1200)


async def measure(search: Search, name: str, text: str) -> str:
    """One line: the path chosen, what came, and how long it took."""
    type_, _, rest = text.partition("?")
    query = parse_query(type_, [tuple(pair.split("=", 1)) for pair in rest.split("&") if pair])  # type: ignore[misc]
    access = Access(frozenset({"p77"})) if name.startswith("as p77") else EVERYTHING
    times = []
    found = ""
    for _ in range(RUNS):
        started = time.perf_counter()
        try:
            page = await search.page(query, access)
            found = f"{len(page.matches)}+{len(page.included)}" + (
                f" of {page.total}" if page.total is not None else ""
            )
        except FhirError as error:
            found = f"{error.status} {error.issues[0].code}"
        times.append((time.perf_counter() - started) * 1000)
        if times[-1] > 3000:
            break
    warm = times[1:] or times
    chosen = await path(search, query, access)
    return f"{name:38} {chosen:18} {found:16} {times[0]:9.2f} {statistics.median(warm):9.2f} {max(warm):9.2f}"


async def path(search: Search, query: Query, access: Access) -> str:
    """The path in words: how far it walks, what leads it."""
    asked = await search._asked(query, access, Order(query.sort), None, query.count + 1)
    window, leader = asked.path.window, asked.path.leader
    walks = "" if window is None else "walk" if window == 0 else f"walk {window}"
    collects = "" if window == 0 else f"by {type(leader).__name__}" if leader else "collect"
    return ", ".join(filter(None, (walks, collects)))


@contextmanager
def server() -> Iterator[embedded.ServerHandle]:
    """A PostgreSQL of this run's own."""
    with tempfile.TemporaryDirectory(prefix="tr-", dir="/tmp") as place:
        Path(place).chmod(0o711)
        with DataFolder(Path(place) / "data") as folder:
            handle = embedded.start(folder, {"fsync": "off", "autovacuum": "off"})
            try:
                yield handle
            finally:
                handle.stop()


async def run(rows: int, only: str, dsn: str, log: Any = print) -> None:
    """Fill a database and print a line for each case."""
    await migrate(dsn, [SERVICE])
    connection = await asyncpg.connect(dsn)
    started = time.perf_counter()
    await fill(connection, rows)
    size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    log(f"{rows} Observations, {size}, made in {time.perf_counter() - started:.0f} s")
    await connection.close()
    pool = Pool(dsn, schema=SERVICE.name, size=1)
    store = await Store.open(pool, SERVICE)
    search = Search(store.pool, store.cursors, store.aliases)  # Patients too are kept here
    log(f"{'case':38} {'path':18} {'found':16} {'first ms':>9} {'p50 ms':>9} {'most ms':>9}")
    for name, text in CASES:
        if only in name:
            log(await measure(search, name, text))
    await pool.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--only", default="", help="cases whose name holds this text")
    chosen = options.parse_args()
    with server() as handle:
        asyncio.run(run(chosen.rows, chosen.only, handle.dsn("postgres")))


if __name__ == "__main__":
    main()
