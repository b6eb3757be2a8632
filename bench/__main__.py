"""`make bench`: every figure of one run, printed. `BENCH_SIZE=full`: on 10^6 resources, and the plan tests too."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import uvloop

from bench import requests, search_plans
from bench.client import Load, paced, request, send
from bench.filling import OWNER, fill
from bench.machine import description
from bench.measuring import Target, beside, figure
from bench.processes import Processes, cpu_of
from bench.report import Report
from bench.resources import synthea
from demo.deployment import Deployment, deployed, free_port
from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY

SIZES = {"": 100_000, "default": 100_000, "full": 1_000_000, "small": 5_000}
SECONDS = 6.0  # for one figure
PACE = 100.0  # requests a second: a moderate load
HEAD_START = 5.0  # seconds that a background process gets to be there


def main() -> None:
    count = SIZES[os.environ.get("BENCH_SIZE", "")]
    folder = Path(tempfile.mkdtemp(prefix="tr-bench-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        report = Report()
        report.machine(description(folder))
        for name in ("the first start, on an empty folder", "a later start"):
            report.start(name, _start_seconds(folder / "start"))
        with deployed(folder / "data") as deployment:
            uvloop.run(_measure(deployment, count, report))
        if count == SIZES["full"]:
            with search_plans.server() as server:
                asyncio.run(search_plans.run(count, "", server.dsn("postgres")))
        report.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start_seconds(data: Path) -> float:
    started = time.perf_counter()
    with deployed(data, separate=False):
        return time.perf_counter() - started


async def _measure(deployment: Deployment, count: int, report: Report) -> None:
    processes = Processes.below(deployment.process.pid, deployment.data / "postgres")
    port = deployment.port + 1 + SERVICES.index(OWNER)
    owner = Target(port, lambda: processes.cpu(OWNER), (processes.postgres_cpu,))
    gateway = Target(
        deployment.port,
        lambda: processes.cpu(OWNER),
        (processes.postgres_cpu, lambda: processes.cpu(GATEWAY)),
    )
    started = time.perf_counter()
    await fill(deployment.dsn, deployment.base, count)
    report.filled(count, time.perf_counter() - started)
    async with _ceiling(deployment.dsn, processes) as bare:
        report.ratio(
            *await beside("read", (owner, requests.read(count)), (bare, requests.bare_read(count)), SECONDS),
            0.5,
        )
        report.ratio(
            *await beside("create", (owner, requests.create()), (bare, requests.bare_create()), SECONDS), 0.4
        )
    report.figure(await figure("update", owner, requests.update(count), SECONDS))
    for name, stream in {
        "search: identifier, 1 match": requests.search_identifier(count),
        f"search: code, page of {requests.PAGE}": requests.search_code(count),
        f"search: subject, page of {requests.PAGE}": requests.search_subject(count),
        f"search: date, page of {requests.PAGE}": requests.search_date(count),
    }.items():
        report.figure(await figure(name, owner, stream, SECONDS / 2))
    report.figure(await figure("read through the gateway", gateway, requests.read(count), SECONDS / 2))
    report.figure(await figure("create through the gateway", gateway, requests.create(), SECONDS / 2))
    await _latencies(owner, count, report)
    await _import(deployment, processes, report)
    report.memory(processes)


async def _latencies(owner: Target, count: int, report: Report) -> None:
    for name, stream in {
        "read": requests.read(count),
        "create": requests.create(),
        "search: subject": requests.search_subject(count),
    }.items():
        report.latency(name, PACE, await paced(owner.port, stream, PACE, SECONDS / 2))


async def _import(deployment: Deployment, processes: Processes, report: Report) -> None:
    """Whole patients as transactions over all owners, two at a time; once before, for the definitions to be read."""
    bundles = synthea()
    wanted = [request("POST", "/fhir/R4", bundle) for bundle in bundles]
    await send(deployment.port, wanted, 2)
    names = [GATEWAY, *SERVICES]
    before = [processes.cpu(name) for name in names], processes.postgres_cpu()
    load: Load = await send(deployment.port, wanted, 2)
    python = sum(processes.cpu(name) for name in names) - sum(before[0])
    resources = sum(bundle.count(b'"request"') for bundle in bundles)
    report.imported(resources, load.seconds, python, processes.postgres_cpu() - before[1])


@asynccontextmanager
async def _ceiling(dsn: str, processes: Processes) -> AsyncIterator[Target]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.ceiling", dsn, str(port))
    try:
        await _listens(port)
        watched = psutil.Process(process.pid)
        yield Target(port, lambda: cpu_of(watched), (processes.postgres_cpu,))
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> None:
    until = time.monotonic() + HEAD_START
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


if __name__ == "__main__":
    main()
