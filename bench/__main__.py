"""`make bench`: every figure of one run, printed. `BENCH_SIZE=full`: on 10^6 resources, and the plan tests too.

`PEER=http://...`: the same requests to another FHIR server, in place of ours.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

import psutil
import uvloop

from bench import care, peer, requests, search_plans, searches
from bench.client import Load, here, paced, request, send
from bench.filling import OWNER, PEOPLE, fill
from bench.machine import description
from bench.measuring import Target, beside, figure
from bench.processes import Processes, cpu_of
from bench.report import Report
from bench.resources import synthea
from demo.deployment import Deployment, deployed, free_port
from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY

SIZES = {
    "": [10_000, 100_000],
    "default": [10_000, 100_000],
    "full": [10_000, 100_000, 1_000_000],
    "small": [5_000],
}
SECONDS = 6.0  # for one figure
PACE = 100.0  # requests a second: a moderate load
MIXED_AIM, SEARCH_AIM, CROSSING_AIM, IMPORT_AIM = 3000, 1800, 500, 3000  # per CPU second
WARM, SAMPLES = 5, 60  # requests of each search
HEAD_START = 5.0  # seconds that a background process gets to be there


def main() -> None:
    sizes = SIZES[os.environ.get("BENCH_SIZE", "")]
    if address := os.environ.get("PEER"):
        uvloop.run(peer.measure(address, sizes[0], Report()))
        return
    folder = Path(tempfile.mkdtemp(prefix="tr-bench-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        report = Report()
        report.machine(description(folder))
        for name in ("the first start, on an empty folder", "a later start"):
            report.start(name, _start_seconds(folder / "start"))
        with deployed(folder / "data") as deployment:
            uvloop.run(_measure(deployment, sizes, report))
        if sizes == SIZES["full"]:
            with search_plans.server() as server:
                asyncio.run(search_plans.run(sizes[-1], "", server.dsn("postgres")))
        report.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start_seconds(data: Path) -> float:
    started = time.perf_counter()
    with deployed(data, separate=False):
        return time.perf_counter() - started


async def _measure(deployment: Deployment, sizes: list[int], report: Report) -> None:
    processes = Processes.below(deployment.process.pid, deployment.data / "postgres")
    owner = _target(deployment, processes, OWNER)
    gateway = Target(
        here(deployment.port),
        lambda: processes.cpu(OWNER),
        (processes.postgres_cpu, lambda: processes.cpu(GATEWAY)),
    )
    latencies = []
    for before, count in zip([0, *sizes], sizes, strict=False):
        started = time.perf_counter()
        await fill(deployment.dsn, deployment.base, count, before)
        report.filled(count, count - before, time.perf_counter() - started)
        latencies.append(await _searches(deployment, processes, count, report))
    report.growth(searches.POOL, sizes, latencies)
    await _interactions(deployment, processes, owner, gateway, sizes[-1], report)
    await _latencies(owner, sizes[-1], report)
    await care.measure(deployment, processes, report)
    await _import(deployment, processes, report)
    report.memory(processes)


def _target(deployment: Deployment, processes: Processes, name: str, *others: str) -> Target:
    """One service's own port; the CPU of `others`, which it asks, counts with its own."""
    return Target(
        here(deployment.port + 1 + SERVICES.index(name)),
        lambda: sum(map(processes.cpu, (name, *others))),
        (processes.postgres_cpu,),
    )


async def _searches(deployment: Deployment, processes: Processes, count: int, report: Report) -> list[Load]:
    """Each search of the pool alone, one at a time, for its latency; then all in turn at their owners' ports."""
    owners = {"Observation": OWNER, "Patient": PEOPLE}
    loads = []
    for search in searches.POOL + searches.CROSSING:
        at = _target(deployment, processes, owners[search.type]).at
        stream = searches.requests_of(search, count)
        await send(at, list(islice(stream, WARM)), 1)
        loads.append(await send(at, list(islice(stream, SAMPLES)), 1))
        report.search(search, loads[-1])
    figures = []
    for type_, name in owners.items():
        own = [search for search in searches.POOL if search.type == type_]
        stream = searches.mixed(own, count)
        target = _target(deployment, processes, name)
        figures.append((len(own), await figure(f"searches over {type_} in turn", target, stream, SECONDS)))
        report.figure(figures[-1][1])
    per_cpu = sum(n for n, _ in figures) / sum(n / each.per_cpu for n, each in figures)
    report.rate(f"the pool of {len(searches.POOL)}", per_cpu, SEARCH_AIM)
    crossing = [search for search in searches.CROSSING if search.type == "Observation"]
    both = _target(deployment, processes, OWNER, PEOPLE)
    across = await figure("searches across services", both, searches.mixed(crossing, count), SECONDS / 2)
    report.figure(across)
    report.rate("searches across services, CPU of both", across.per_cpu, CROSSING_AIM)
    return loads


async def _interactions(
    deployment: Deployment, processes: Processes, owner: Target, gateway: Target, count: int, report: Report
) -> None:
    async with _ceiling(deployment.dsn, processes) as bare:
        report.ratio(
            *await beside("read", (owner, requests.read(count)), (bare, requests.bare_read(count)), SECONDS),
            0.5,
        )
        report.ratio(
            *await beside("create", (owner, requests.create()), (bare, requests.bare_create()), SECONDS), 0.4
        )
    report.figure(await figure("update", owner, requests.update(count), SECONDS))
    mixed = await figure("mixed: create, read, update, delete", owner, requests.mixed(count), SECONDS)
    report.figure(mixed)
    report.rate("mixed", mixed.per_cpu, MIXED_AIM)
    for name, stream in {
        "search: identifier, 1 match": requests.search_identifier(count),
        f"search: code, page of {requests.PAGE}": requests.search_code(count),
        f"search: subject, page of {requests.PAGE}": requests.search_subject(count),
        f"search: date, page of {requests.PAGE}": requests.search_date(count),
    }.items():
        report.figure(await figure(name, owner, stream, SECONDS / 2))
    report.figure(await figure("read through the gateway", gateway, requests.read(count), SECONDS / 2))
    report.figure(await figure("create through the gateway", gateway, requests.create(), SECONDS / 2))


async def _latencies(owner: Target, count: int, report: Report) -> None:
    for name, stream in {
        "read": requests.read(count),
        "create": requests.create(),
        "search: subject": requests.search_subject(count),
    }.items():
        report.latency(name, PACE, await paced(owner.at, stream, PACE, SECONDS / 2))


async def _import(deployment: Deployment, processes: Processes, report: Report) -> None:
    """Whole patients as transactions over all owners, two at a time; once before, for the definitions to be read."""
    bundles = synthea()
    wanted = [request("POST", "/fhir/R4", bundle) for bundle in bundles]
    await send(here(deployment.port), wanted, 2)
    names = [GATEWAY, *SERVICES]
    before = [processes.cpu(name) for name in names], processes.postgres_cpu()
    load: Load = await send(here(deployment.port), wanted, 2)
    python = sum(processes.cpu(name) for name in names) - sum(before[0])
    resources = sum(bundle.count(b'"request"') for bundle in bundles)
    report.imported(resources, load.seconds, python, processes.postgres_cpu() - before[1])
    report.rate("import", resources / python, IMPORT_AIM)


@asynccontextmanager
async def _ceiling(dsn: str, processes: Processes) -> AsyncIterator[Target]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.ceiling", dsn, str(port))
    try:
        await _listens(port)
        watched = psutil.Process(process.pid)
        yield Target(here(port), lambda: cpu_of(watched), (processes.postgres_cpu,))
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
