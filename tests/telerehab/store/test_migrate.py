"""Schemas, functions and roles as `migrate` makes them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from telerehab.store.embedded import ServerHandle
from telerehab.store.migrate import SchemaError, check, generated_functions, migrate, schema_of, schemas
from telerehab.store.pool import Pool
from telerehab.store.store import Store
from telerehab.store.write import apply_all
from tests.telerehab.store.samples import SCHEDULING, SERVICES, write, write_set

STRUCTURE = """
    SELECT format('%s %s.%s %s %s %s', relkind, nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid
    WHERE nspname = ANY ($1) AND attnum > 0
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = ANY ($1)
    UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace::regnamespace::text = ANY ($1)
    UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace::regnamespace::text = ANY ($1)
    UNION ALL SELECT format('%s %s', oid::regclass, relacl) FROM pg_class
        WHERE relnamespace::regnamespace::text = ANY ($1)
    ORDER BY 1"""


async def structure(dsn: str, database: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    names = [schema.name for schema in schemas(SERVICES)]
    rows = await connection.fetch(STRUCTURE, names)
    await connection.close()
    return [text.replace(database, "database") for (text,) in rows]


def name_of(dsn: str) -> str:
    return dsn.rpartition("@/")[2].partition("?")[0]


async def test_migrating_twice_and_at_once_changes_nothing(database: str, dsn: str) -> None:
    await asyncio.gather(*(migrate(database, SERVICES) for _ in range(3)))
    fresh = await structure(database, name_of(database))
    await migrate(database, SERVICES)
    assert await structure(database, name_of(database)) == fresh
    assert len(fresh) > 200


async def test_the_stored_functions_are_the_generated_ones(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    for schema in schemas(SERVICES):
        await connection.execute(f"SET search_path = {schema.name}")
        for name, sql in (await generated_functions(connection, schema)).items():
            stored = await connection.fetchval("SELECT prosrc FROM pg_proc WHERE oid = $1::regproc", name)
            assert stored.strip() in sql
            assert stored.strip() in sql.split(f"${name}$")[1]
            assert "EXECUTE" not in stored
    await connection.close()


async def test_a_changed_projection_makes_another_apply(database: str) -> None:
    await migrate(database, SERVICES)
    connection = await asyncpg.connect(database)
    await connection.execute("ALTER TABLE scheduling.booked_time ADD COLUMN place text")
    await migrate(database, SERVICES)
    sources = await connection.fetch("SELECT prosrc FROM pg_proc WHERE oid = 'scheduling.apply'::regproc")
    assert len(sources) == 1
    assert '"place"' in sources[0][0]
    await connection.close()


async def test_a_newer_or_older_or_missing_schema_is_refused(dsn: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(dsn)
    schema = schema_of(SCHEDULING)
    await check(connection, schema)
    await connection.execute("INSERT INTO scheduling.migration VALUES ('resources', 9999, 'later')")
    with pytest.raises(SchemaError, match="newer version"):
        await check(connection, schema)
    with pytest.raises(SchemaError, match="newer version"):
        await migrate(dsn, SERVICES)
    await connection.execute("DELETE FROM scheduling.migration WHERE folder = 'resources'")
    with pytest.raises(SchemaError, match="older version"):
        await check(connection, schema)
    await connection.execute("DROP SCHEMA scheduling CASCADE")
    with pytest.raises(SchemaError, match="no schema scheduling"):
        await check(connection, schema)
    await connection.close()


@pytest.fixture
async def roles_dsn(new_database: Any) -> str:
    """A database with roles of its own (the copied one's belong to the database it was copied from)."""
    dsn: str = await new_database()
    await migrate(dsn, SERVICES)
    return dsn


def pool_of(dsn: str, service: str) -> Pool:
    return Pool(dsn, schema=service, role=f"{name_of(dsn)}_{service}", size=1)


FORBIDDEN = {
    "another's records": ("session", "SELECT * FROM scheduling.resource"),
    "another's apply": ("session", "SELECT scheduling.apply({null})"),
    "writing past apply": ("scheduling", "DELETE FROM resource"),
    "writing a projection past apply": ("scheduling", "DELETE FROM booked_time"),
    "altering audit": ("scheduling", "UPDATE audit SET caller = 'x'"),
    "deleting audit": ("scheduling", "DELETE FROM audit"),
    "making tables": ("scheduling", "CREATE TABLE scheduling.mine (id int)"),
    "the gateway reading records": ("gateway", "SELECT * FROM scheduling.resource"),
    "the gateway reading secrets": ("gateway", "SELECT * FROM scheduling.secret"),
    "a service reading the gateway's commands": ("scheduling", "SELECT * FROM gateway.command"),
}


@pytest.mark.parametrize(("service", "sql"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_role_may_not(roles_dsn: str, service: str, sql: str) -> None:
    pool = pool_of(roles_dsn, service)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.fetch(sql.format(null=", ".join(["NULL"] * 10)))
    await pool.close()


async def test_a_role_may_do_its_services_work(roles_dsn: str) -> None:
    own, gateway = pool_of(roles_dsn, "scheduling"), pool_of(roles_dsn, "gateway")
    store = await Store.open(own, SCHEDULING)
    await store.apply(write_set(write("a")))
    await store.audit(write_set(write("a")).audit[0])
    await own.fetch("DELETE FROM outbox RETURNING id")
    write_sets = [write_set(write("b", type_="Encounter"), schema="session"), write_set(write("b"))]
    session, scheduling = await apply_all(gateway, write_sets, None)
    assert [len(session.last_updated), len(scheduling.last_updated)] == [1, 1]
    await own.close()
    await gateway.close()


async def test_a_role_with_a_password_logs_in_without_knowing_another(
    database: str, postgresql: ServerHandle
) -> None:
    roles = await migrate(database, SERVICES, password=postgresql.password)
    assert roles is not None
    connection = await asyncpg.connect(postgresql.dsn(name_of(database), roles.of("session")))
    assert await connection.fetchval("SELECT count(*) FROM session.resource") == 0
    await connection.close()


async def test_where_roles_cannot_be_made_one_does_all(
    database: str, postgresql: ServerHandle, caplog: pytest.LogCaptureFixture
) -> None:
    name = name_of(database)
    admin = await asyncpg.connect(database)
    password = postgresql.password("lowly")
    await admin.execute(f"CREATE ROLE lowly_{name} LOGIN PASSWORD '{password}'")
    await admin.execute(f'GRANT CREATE ON DATABASE "{name}" TO lowly_{name}')
    await admin.close()
    dsn = database.replace(f"postgres:{postgresql.password('postgres')}", f"lowly_{name}:{password}")
    assert await migrate(dsn, SERVICES) is None
    assert "database.roles_not_made" in caplog.text
    pool = Pool(dsn, schema="scheduling", size=1)
    store = await Store.open(pool, SCHEDULING)
    await store.apply(write_set(write("a")))
    await store.safe_time()
    await pool.close()
