"""What is written as a literal is read by PostgreSQL as what it was."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telerehab.fhir.json import Number
from telerehab.fhir.search.rows import BEGINNING, END_OF_TIME, INFINITY
from telerehab.store.literal import rows_literal

TYPE = """CREATE TYPE sample AS (
    text text, number bigint, truth boolean, bytes bytea, moment timestamptz, measure numeric, texts text[]
)"""
READ = "SELECT (unnest($1::text::sample[])).*"

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
rows = st.tuples(
    st.none() | texts,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.booleans(),
    st.none() | st.binary(),
    st.none()
    | st.sampled_from([BEGINNING, END_OF_TIME])
    | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    st.none() | st.just(INFINITY) | st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.none() | st.lists(texts),
)


@pytest.fixture
async def connection(database: str) -> Any:
    connection = await asyncpg.connect(database)
    await connection.execute(TYPE)
    yield connection
    await connection.close()


async def test_every_value_is_read_back_as_it_was(connection: asyncpg.Connection) -> None:
    reading = await connection.prepare(READ)
    written: list[list[tuple[Any, ...]]] = []

    @settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None, database=None)
    @given(st.lists(rows, min_size=1, max_size=4))
    def gather(given_rows: list[tuple[Any, ...]]) -> None:
        written.append(given_rows)

    gather()
    for given_rows in written:
        assert _aware(await reading.fetch(rows_literal(given_rows))) == given_rows


@pytest.mark.parametrize(
    "text", ["", "NULL", "null", '"', "\\", '\\"', "a,b", "{}", "()", " ", "\n", '{"a":"\\\\"}']
)
async def test_a_text_that_looks_like_syntax_stays_a_text(connection: asyncpg.Connection, text: str) -> None:
    row = (text, 1, True, b"\\", BEGINNING, Decimal(1), [text, text])
    assert _aware(await connection.fetch(READ, rows_literal([row]))) == [row]


async def test_a_number_keeps_its_digits(connection: asyncpg.Connection) -> None:
    row = (None, None, None, None, None, Number("72.50"), None)
    (read,) = await connection.fetch(READ, rows_literal([row]))
    assert str(read["measure"]) == "72.50"


def test_no_rows_are_no_array() -> None:
    assert rows_literal([]) is None


def test_what_has_no_literal_is_refused() -> None:
    with pytest.raises(TypeError):
        rows_literal([(object(),)])


def _aware(read: list[asyncpg.Record]) -> list[tuple[Any, ...]]:
    """The rows with their infinities aware, which asyncpg reads as the least and greatest naive datetime."""
    return [
        tuple(value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row)
        for row in read
    ]
