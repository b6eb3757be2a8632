"""The embedded PostgreSQL: how it is set up, and that it comes back whatever was killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from telerehab.store import embedded
from telerehab.store.data_folder import DataFolder
from telerehab.store.embedded import EmbeddedError, ServerHandle


@pytest.fixture
def folder(data_path: Path) -> Iterator[DataFolder]:
    with DataFolder(data_path) as opened:
        yield opened


@pytest.fixture
def server(folder: DataFolder) -> Iterator[ServerHandle]:
    started = embedded.start(folder)
    yield started
    started.stop()
    assert not started.is_running()


async def ask(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def postmaster(server: ServerHandle) -> psutil.Process:
    return psutil.Process(int((server.pgdata / "postmaster.pid").read_text().split()[0]))


def kill_postmaster(server: ServerHandle) -> None:
    process = postmaster(server)
    process.kill()
    psutil.wait_procs([process], timeout=10)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", ""),
        ("jit", "off"),
        ("plan_cache_mode", "force_custom_plan"),
        ("max_prepared_transactions", "0"),
        ("log_error_verbosity", "terse"),
        ("log_min_messages", "log"),
    ],
)
def test_parameter(parameters: dict[str, str], parameter: str, value: str) -> None:
    assert parameters[parameter] == value


@pytest.fixture(scope="module")
async def parameters(short_folder: Path) -> dict[str, str]:
    with DataFolder(short_folder / "parameters") as folder:
        server = embedded.start(folder)
        connection = await asyncpg.connect(server.dsn())
        rows = await connection.fetch("SELECT name, setting FROM pg_settings")
        await connection.close()
        server.stop()
    return dict(rows)


async def test_wrong_password_is_refused(server: ServerHandle) -> None:
    good = server.dsn()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(good.replace(server.password("postgres"), "wrong"), "SELECT 1")
    assert await ask(good, "SELECT 1") == 1


async def test_files_are_closed_to_others_and_errors_leave_no_value_in_the_log(server: ServerHandle) -> None:
    assert server.pgdata.stat().st_mode & 0o077 == 0
    with pytest.raises(asyncpg.DataError):
        await ask(server.dsn(), "SELECT 'Anna Muster'::int")
    await ask(server.dsn(), "CREATE TABLE person (name text UNIQUE)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await ask(server.dsn(), "INSERT INTO person VALUES ('Anna Muster'), ('Anna Muster')")
    assert "Anna" not in (server.pgdata / "server.log").read_text()


async def test_data_survive_kill_of_the_server(server: ServerHandle, folder: DataFolder) -> None:
    await ask(server.dsn(), "CREATE TABLE kept (x int)")
    await ask(server.dsn(), "INSERT INTO kept VALUES (42)")
    kill_postmaster(server)
    assert not server.is_running()
    assert embedded.start(folder) == server
    assert await ask(server.dsn(), "SELECT x FROM kept") == 42


async def test_leftover_server_is_replaced(server: ServerHandle, folder: DataFolder) -> None:
    before = postmaster(server)
    again = embedded.start(folder)
    assert postmaster(again) != before
    assert await ask(again.dsn(), "SELECT 1") == 1


async def test_number_of_another_process_in_the_stale_file_is_left_alone(
    server: ServerHandle, folder: DataFolder
) -> None:
    file = server.pgdata / "postmaster.pid"
    lines = file.read_text().split("\n")
    kill_postmaster(server)
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert not server.is_running()
    embedded.start(folder)
    assert await ask(server.dsn(), "SELECT 1") == 1


async def test_long_path_gets_its_socket_elsewhere(data_path: Path) -> None:
    with DataFolder(data_path / ("long" * 30)) as folder:
        server = embedded.start(folder)
        try:
            assert not server.socket_folder.is_relative_to(data_path)
            assert server.socket_folder.stat().st_mode & 0o077 == 0
            assert await ask(server.dsn(), "SELECT 1") == 1
        finally:
            server.stop()
    assert not server.socket_folder.exists()


def test_half_made_files_are_made_again(data_path: Path) -> None:
    with DataFolder(data_path) as folder:
        half_made = data_path / "postgres.new"
        half_made.mkdir()
        (half_made / "PG_VERSION").write_text("18\n")
        embedded.start(folder).stop()
        assert not half_made.exists()


def test_files_of_another_postgresql_are_refused(data_path: Path) -> None:
    with DataFolder(data_path) as folder:
        (data_path / "postgres").mkdir()
        (data_path / "postgres" / "PG_VERSION").write_text("12\n")
        with pytest.raises(EmbeddedError, match="made by PostgreSQL 12"):
            embedded.start(folder)


def test_signals_of_the_terminal_do_not_reach_it(server: ServerHandle) -> None:
    assert os.getpgid(postmaster(server).pid) != os.getpgid(os.getpid())
