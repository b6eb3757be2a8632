"""What every test can ask for: a PostgreSQL of its own session, fresh databases in it, free ports."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

from demo.deployment import free_port
from telerehab.store import embedded
from telerehab.store.data_folder import DataFolder
from telerehab.store.embedded import ServerHandle
from tests.jars import Lacking
from tests.kafka.server import KafkaServer, classpath

settings.register_profile("any machine", deadline=None)  # a busy one is slow, and no defect
settings.load_profile("any machine")

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")  # read when grpc starts; our children exec at once

NewDatabase = Callable[..., Awaitable[str]]

GIVEN_KAFKA = os.environ.pop("TELEREHAB_TEST_KAFKA", None)  # no setting: no process may see it

UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder that other operating-system users can pass through and whose path leaves room for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="tr-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_path(short_folder: Path) -> Iterator[Path]:
    """A place for a data folder (not made yet), for tests that start a server or the program themselves."""
    place = Path(tempfile.mkdtemp(dir=short_folder))
    place.chmod(0o711)
    yield place / "data"
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql(short_folder: Path) -> Iterator[ServerHandle]:
    """The session's PostgreSQL: the embedded one, without the wait for the disk."""
    with DataFolder(short_folder / "postgresql") as folder:
        server = embedded.start(folder, UNSAFE_BUT_FAST)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def new_database(postgresql: ServerHandle) -> NewDatabase:
    """`await new_database(template=..., name=...)` makes a database and gives its DSN (superuser).

    Nobody may be connected to the template meanwhile.
    """
    numbers = count(1)

    async def make(*, template: str = "template1", name: str | None = None) -> str:
        name = name or f"test_{next(numbers)}"
        connection = await asyncpg.connect(postgresql.dsn("postgres"))
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        finally:
            await connection.close()
        return postgresql.dsn(name)

    return make


@pytest.fixture
async def database(new_database: NewDatabase, postgresql: ServerHandle) -> AsyncIterator[str]:
    """The DSN of an empty database for this test alone."""
    dsn = await new_database()
    yield dsn
    await drop_database(postgresql, dsn)


async def drop_database(postgresql: ServerHandle, dsn: str) -> None:
    """Drop a database that `new_database` made, whoever is still connected to it."""
    name = dsn.rpartition("@/")[2].partition("?")[0]
    connection = await asyncpg.connect(postgresql.dsn("postgres"))
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def kafka(short_folder: Path, pytestconfig: pytest.Config) -> Iterator[str]:
    """The address of a Kafka: the one of TELEREHAB_TEST_KAFKA, else the session's own."""
    if GIVEN_KAFKA:
        yield GIVEN_KAFKA
        return
    server = KafkaServer(short_folder / "kafka", kafka_classpath(pytestconfig))
    server.start()
    yield server.address
    server.kill()


def kafka_classpath(config: pytest.Config) -> str:
    """What a Kafka of one's own runs from; skips where this machine can't run any, unless CI=true."""
    assert config.cache is not None
    try:
        return classpath(config.cache.mkdir("kafka"))
    except Lacking as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"Kafka is a must here: {error}")
        pytest.skip(f"no Kafka: {error}")


@pytest.fixture
def base_port(find_base_port: Callable[[], int]) -> int:
    """A TELEREHAB_PORT with which every port of a whole deployment is free at this moment."""
    return find_base_port()


@pytest.fixture(scope="session")
def find_base_port() -> Callable[[], int]:
    """Finds such a port, for fixtures that live longer than a test."""
    return free_port
