"""Bring a database to the schemas that this version works with: numbered SQL files, each run once a schema.

A schema takes its files from several folders, each numbered for itself: the engine's, and the service's own.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import asyncpg

from telerehab import events
from telerehab.projection import Projection
from telerehab.service import Service
from telerehab.store.functions import apply_function, quoted, remember_function
from telerehab.store.roles import BROKER, GATEWAY, Roles, grant, grant_shared, make_roles

_FOLDER = Path(__file__).parent / "migrations"
_EVENTS = Path(events.__file__).parent / "migrations"
EXTENSIONS = ("btree_gist", "pg_trgm")
_FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
EXTENSIONS = ("btree_gist", "pg_trgm")  # exclusion of overlapping times; search within strings
_LOCK = 0x7E1E_4EAB  # one migration at a time in a database

_MADE_BY_ROWS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND NOT atthasdef AND attidentity = ''
    ORDER BY attnum"""


class SchemaError(RuntimeError):
    """The database has not the schema this version works with; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema: the folders its migrations come from, by name, and the projections that `apply` keeps."""

    name: str
    folders: Mapping[str, Path]
    projections: Sequence[Projection] = field(default=())

    def newest(self) -> dict[str, int]:
        """The version of each folder that this code knows."""
        return {
            name: max((number for number, _ in _files(folder)), default=0)
            for name, folder in self.folders.items()
        }


def schemas(services: Sequence[Service]) -> list[Schema]:
    """The gateway's schema, the broker's, which all services share, and each service's."""
    return [
        Schema(GATEWAY, {"commands": _FOLDER / "commands"}),
        Schema(BROKER, {"broker": _EVENTS / "broker"}),
        *(schema_of(service) for service in services),
    ]


def schema_of(service: Service) -> Schema:
    """The schema of one service."""
    folders = {
        "commands": _FOLDER / "commands",
        "resources": _FOLDER / "resources",
        "events": _EVENTS / "service",
    }
    if service.migrations is not None:
        folders["service"] = service.migrations
    return Schema(service.name, folders, service.projections)


async def migrate(
    dsn: str, services: Sequence[Service], *, password: Callable[[str], str] | None = None
) -> Roles | None:
    """Make or bring up to date the roles, schemas and functions of all `services` and the gateway.

    Safe to run at any time and by several at once. `password` gives each role's password, so that it can log in.
    Answers the roles, None where we may not make any. Raises `SchemaError` if the database is newer than this code.
    """
    wanted = schemas(services)
    async with _alone(dsn) as connection:
        users = [GATEWAY, *(service.name for service in services)]
        roles = await make_roles(connection, users, password)
        for extension in EXTENSIONS:
            await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA public")
        for schema in wanted:
            async with connection.transaction():
                await _bring_up_to_date(connection, schema, roles)
                if roles and schema.name == BROKER:
                    await grant_shared(connection, roles, BROKER, users)
                elif roles:
                    await grant(connection, roles, schema.name, {each.table for each in schema.projections})
    return roles


async def check(connection: asyncpg.Connection, schema: Schema) -> None:
    """Raise `SchemaError` unless the database's schema is the one this code knows."""
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", _table(schema, "migration")):
        raise SchemaError(f"The database has no schema {schema.name}: run telerehab database init.")
    applied = await _applied(connection, schema)
    _refuse_newer(schema, applied)
    for folder, newest in schema.newest().items():
        if applied.get(folder, 0) < newest:
            raise SchemaError(
                f"The database's schema {schema.name} is of an older version: run telerehab database init."
            )


@asynccontextmanager
async def _alone(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that holds the migration's lock until it is closed."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        yield connection
    finally:
        await connection.close()


async def _bring_up_to_date(connection: asyncpg.Connection, schema: Schema, roles: Roles | None) -> None:
    name = quoted(schema.name)
    await connection.execute(
        f"CREATE SCHEMA IF NOT EXISTS {name}" + (f" AUTHORIZATION {quoted(roles.owner)}" if roles else "")
    )
    owner = await connection.fetchval(
        "SELECT quote_ident(rolname) FROM pg_namespace JOIN pg_roles r ON r.oid = nspowner WHERE nspname = $1",
        schema.name,
    )
    await connection.execute(f"SET LOCAL ROLE {owner}")  # in a copied or renamed database it has another name
    await connection.execute(
        f"SET LOCAL search_path = {name}, public;"
        f"CREATE TABLE IF NOT EXISTS {name}.migration (folder text, version int, name text NOT NULL,"
        " applied timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (folder, version))"
    )
    applied = await _applied(connection, schema)
    _refuse_newer(schema, applied)
    for folder, path in schema.folders.items():
        for number, file in _files(path):
            if number > applied.get(folder, 0):
                await connection.execute(file.read_text())
                await connection.execute(
                    "INSERT INTO migration VALUES ($1, $2, $3)", folder, number, file.stem
                )
    await _make_functions(connection, schema)


async def generated_functions(connection: asyncpg.Connection, schema: Schema) -> dict[str, str]:
    """The SQL of each function that the schema should have."""
    functions = {}
    if "commands" in schema.folders:
        functions["remember"] = remember_function(schema.name)
    if "resources" in schema.folders:
        columns = {
            projection.table: [
                name for (name,) in await connection.fetch(_MADE_BY_ROWS, _table(schema, projection.table))
            ]
            for projection in schema.projections
        }
        functions["apply"] = apply_function(schema.name, schema.projections, columns)
    return functions


async def _make_functions(connection: asyncpg.Connection, schema: Schema) -> None:
    """Make what is new or has changed; the function's comment holds the SQL's hash."""
    for name, sql in (await generated_functions(connection, schema)).items():
        digest = sha256(sql.encode()).hexdigest()
        stored = await connection.fetch(
            "SELECT oid::regprocedure::text, obj_description(oid, 'pg_proc') FROM pg_proc"
            " WHERE proname = $1 AND pronamespace = to_regnamespace($2)",
            name,
            quoted(schema.name),
        )
        if [comment for _, comment in stored] == [digest]:
            continue
        for signature, _ in stored:
            await connection.execute(f"DROP FUNCTION {signature}")
        await connection.execute(sql)
        await connection.execute(f"COMMENT ON FUNCTION {name} IS '{digest}'")


async def _applied(connection: asyncpg.Connection, schema: Schema) -> dict[str, int]:
    rows = await connection.fetch(
        f"SELECT folder, max(version) FROM {_table(schema, 'migration')} GROUP BY folder"
    )
    return dict(rows)


def _refuse_newer(schema: Schema, applied: Mapping[str, int]) -> None:
    newest = schema.newest()
    if any(version > newest.get(folder, 0) for folder, version in applied.items()):
        raise SchemaError(
            f"The database's schema {schema.name} is of a newer version than this program: update the program."
        )


def _table(schema: Schema, table: str) -> str:
    return f"{quoted(schema.name)}.{quoted(table)}"


def _files(folder: Path) -> Iterator[tuple[int, Path]]:
    for file in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(file.name)
        if match is None:
            raise SchemaError(f"{file} is not named like 0001_tables.sql")
        yield int(match[1]), file
