"""Database roles: one that owns the schemas, one for each service that may touch its own schema only.

Roles belong to the whole server, a tenant is a database, so that their names start with the database's.
https://www.postgresql.org/docs/current/user-manag.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import asyncpg

from telerehab.observability.logs import Log
from telerehab.store.functions import quoted

GATEWAY = "gateway"
BROKER = "broker"
BROKER = "broker"
# What only `apply` writes, beside the projections.
APPLIED = (
    "resource",
    "history",
    "search_date",
    "search_string",
    "search_number",
    "search_reference",
    "counter",
    "patient_alias",
    "command",
    "secret",
    "migration",
)

_log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one database."""

    database: str

    @property
    def owner(self) -> str:
        return f"{self.database}_owner"

    def of(self, service: str) -> str:
        return f"{self.database}_{service}"


async def make_roles(
    connection: asyncpg.Connection, services: Iterable[str], password: Callable[[str], str] | None
) -> Roles | None:
    """The roles of this database, made where they lack; None, and a warning, where we may not make any.

    `password` gives the password of a role; without it roles cannot log in, only be taken on (SET ROLE).
    """
    roles = Roles(await connection.fetchval("SELECT current_database()"))
    try:
        async with connection.transaction():
            await _make(connection, roles.owner, None)
            await connection.execute(f"GRANT {quoted(roles.owner)} TO CURRENT_USER")
            for service in services:
                role = roles.of(service)
                await _make(connection, role, password(role) if password else None)
                await connection.execute(f"GRANT {quoted(role)} TO CURRENT_USER")
                await connection.execute(f"GRANT pg_read_all_stats TO {quoted(role)}")
    except asyncpg.InsufficientPrivilegeError:
        # All services then share the role that connects: only our own code keeps them to their schemas.
        _log.warning("database.roles_not_made", reason_code="insufficient_privilege")
        return None
    return roles


async def _make(connection: asyncpg.Connection, role: str, password: str | None) -> None:
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
        await connection.execute(f"CREATE ROLE {quoted(role)} NOLOGIN")
    if password is not None:
        literal = await connection.fetchval("SELECT quote_literal($1)", password)
        await connection.execute(f"ALTER ROLE {quoted(role)} LOGIN PASSWORD {literal}")


async def role_to_take(dsn: str, service: str) -> str | None:
    """The service's own role, if we log in as somebody else who may take it on; None where there is no such role."""
    connection = await asyncpg.connect(dsn)
    try:
        role = Roles(await connection.fetchval("SELECT current_database()")).of(service)
        may = await connection.fetchval(
            "SELECT pg_has_role(oid, 'SET') FROM pg_roles WHERE rolname = $1 AND rolname <> session_user",
            role,
        )
        return role if may else None
    finally:
        await connection.close()


async def grant(
    connection: asyncpg.Connection, roles: Roles, service: str, projection_tables: Iterable[str]
) -> None:
    """Give a service's role what it needs in its schema: `apply` writes records, nobody alters audit rows."""
    schema, role = quoted(service), quoted(roles.of(service))
    await connection.execute(
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};"
        f"GRANT USAGE ON SCHEMA {schema} TO {role};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};"
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};"
    )
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)
    for (table,) in tables:
        if table == "audit":
            await connection.execute(f"GRANT INSERT ON {schema}.audit TO {role}")
        elif table not in {*APPLIED, *projection_tables}:
            await connection.execute(f"GRANT INSERT, UPDATE, DELETE ON {schema}.{quoted(table)} TO {role}")
    if service != GATEWAY:
        gateway = quoted(roles.of(GATEWAY))
        await connection.execute(
            f"GRANT USAGE ON SCHEMA {schema} TO {gateway};"
            f"GRANT EXECUTE ON FUNCTION {schema}.apply TO {gateway};"
        )


async def grant_shared(
    connection: asyncpg.Connection, roles: Roles, schema: str, services: Iterable[str]
) -> None:
    """Let every service read and write all tables of a schema."""
    users = ", ".join(quoted(roles.of(service)) for service in services)
    await connection.execute(
        f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {users};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {quoted(schema)} TO {users};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {quoted(schema)} TO {users};"
        f"REVOKE INSERT, UPDATE, DELETE ON {quoted(schema)}.migration FROM {users};"
    )


async def grant_broker(connection: asyncpg.Connection, roles: Roles, services: Iterable[str]) -> None:
    """Let every service append to the broker's log, read it and keep its position; no row of the log is altered."""
    for service in services:
        role = quoted(roles.of(service))
        await connection.execute(
            f"GRANT USAGE ON SCHEMA broker TO {role};"
            f"GRANT SELECT ON ALL TABLES IN SCHEMA broker TO {role};"
            f"GRANT INSERT ON broker.log TO {role};"
            f"GRANT INSERT, UPDATE ON broker.topic, broker.producer TO {role};"
            f"GRANT INSERT, UPDATE, DELETE ON broker.position TO {role};"
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA broker TO {role};"
        )
