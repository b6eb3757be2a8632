"""A deployment of tiny services, run as the program runs the real ones: `run [NAME] [--separate]`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg

from telerehab import settings as configuration
from telerehab.observability import Metrics, Observed, Probes, logs
from telerehab.observability.asgi import Receive, Scope, Send, respond
from telerehab.running.failures import EXPECTED
from telerehab.running.hosted import Hosted
from telerehab.running.hosting import PortTaken
from telerehab.running.run import run_here, run_separately
from telerehab.running.supervisor import Child, child_of_this_program
from telerehab.settings import Settings

NAMES = ["gateway", "records"]


async def until_stopping(probes: Probes) -> None:
    while True:
        await asyncio.sleep(0.01)
        if not probes.ready:
            return


@contextlib.asynccontextmanager
async def open_dummy(name: str, settings: Settings) -> AsyncIterator[Hosted]:
    database_url = settings.of(name).database_url
    assert database_url is not None

    async def ask_database() -> object:
        connection = await asyncpg.connect(database_url.get_secret_value())
        try:
            await connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz DEFAULT now())")
            return await connection.fetchval("SELECT count(*) FROM starts")
        finally:
            await connection.close()

    slow = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal slow
        if scope["path"] == "/slow":
            slow += 1
            await until_stopping(probes)
            slow -= 1
        await respond(send, 200, json.dumps({"process": os.getpid(), "slow": slow}).encode())

    metrics = Metrics(name)
    probes = Probes(metrics)
    probes.checks["database"] = ask_database
    yield Hosted(Observed(app, name, metrics, probes, https=False), metrics, probes)


def child_of(name: str, settings: Settings) -> Child:
    real = child_of_this_program(name, settings)
    return replace(real, command=[sys.executable, __file__, *real.command[3:]])


def main() -> int:
    arguments = sys.argv[2:]
    settings = configuration.load()
    logs.configure("info")
    names = [name for name in arguments if not name.startswith("--")] or NAMES
    try:
        if "--separate" in arguments:
            run_separately(names, settings, child_of)
        else:
            run_here(names, settings, open_dummy, until_stdin_closes="--until-stdin-closes" in arguments)
    except (*EXPECTED, PortTaken) as error:
        sys.stderr.write(f"telerehab: {error}\n")
        return 2 if isinstance(error, PortTaken) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
