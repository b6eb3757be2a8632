"""The functions of a service's schema, from their SQL files and the service's projections.

https://www.postgresql.org/docs/current/sql-createfunction.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from telerehab.projection import Projection

_FOLDER = Path(__file__).parent


def remember_function(schema: str) -> str:
    """The SQL that makes a schema's `remember`."""
    return _read("remember").replace("{schema}", quoted(schema))


def apply_function(
    schema: str, projections: Sequence[Projection], columns: Mapping[str, Sequence[str]]
) -> str:
    """The SQL that makes a schema's `apply`; `columns` are those of each projection's table that rows fill."""
    tables = _tables(projections)
    parameters = "".join(
        f",\n    {table}_ids text[] DEFAULT NULL,\n    {table}_rows jsonb DEFAULT NULL" for table in tables
    )
    deletes = "".join(_delete(table) for table in tables)
    inserts = "".join(_insert(schema, projection, columns[table]) for table, projection in tables.items())
    return (
        _read("apply")
        .replace("{schema}", quoted(schema))
        .replace("{schema_name}", schema)
        .replace("{parameters}", parameters)
        .replace("{deletes}", deletes)
        .replace("{inserts}", inserts)
    )


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text()


def _tables(projections: Sequence[Projection]) -> dict[str, Projection]:
    """One projection for each table, by name; those that share a table must agree on its constraint."""
    tables: dict[str, Projection] = {}
    for projection in sorted(projections, key=lambda projection: projection.table):
        known = tables.setdefault(projection.table, projection)
        if (known.active, set(known.violations)) != (projection.active, set(projection.violations)):
            raise ValueError(f"the projections of {projection.table} disagree")
        if len(projection.violations) > 1:
            raise ValueError(f"{projection.table} has more than one constraint that refuses")
    return tables


def _delete(table: str) -> str:
    return f"""\
    IF {table}_ids IS NOT NULL THEN
        DELETE FROM {quoted(table)} WHERE resource_id = ANY ({table}_ids);
    END IF;
"""


def _insert(schema: str, projection: Projection, columns: Sequence[str]) -> str:
    """Rows go in sorted, so that those who compete for several at once meet in the same order."""
    table = projection.table
    names = ", ".join(quoted(column) for column in columns)
    ordered = ", ".join(f"new.{quoted(column)}" for column in sorted(columns, key="resource_id".__eq__))
    rows = f"""\
            SELECT new.* FROM jsonb_populate_recordset(NULL::{quoted(table)}, {table}_rows) AS new
            WHERE {projection.active}"""
    values = ", ".join(f"new.{quoted(column)}" for column in columns)
    if not projection.violations:
        return f"""\
    IF {table}_rows IS NOT NULL THEN
        INSERT INTO {quoted(table)} ({names})
            SELECT {values} FROM jsonb_populate_recordset(NULL::{quoted(table)}, {table}_rows) AS new
            WHERE {projection.active};
    END IF;
"""
    (constraint,) = projection.violations
    return f"""\
    IF {table}_rows IS NOT NULL THEN
        WITH new AS MATERIALIZED (
{rows}
        ), put AS (
            INSERT INTO {quoted(table)} ({names})
                SELECT {values} FROM new ORDER BY {ordered}
                ON CONFLICT ON CONSTRAINT {quoted(constraint)} DO NOTHING
                RETURNING 1
        )
        SELECT (SELECT count(*) FROM new) - (SELECT count(*) FROM put) INTO lacking;
        IF lacking > 0 THEN
            RAISE EXCEPTION 'violated'
                USING ERRCODE = 'TR002', SCHEMA = '{schema}', CONSTRAINT = '{constraint}';
        END IF;
    END IF;
"""
