"""What processes have used so far: CPU seconds and memory, as the kernel counts them.

https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a deployment: each service's, the gateway's, PostgreSQL's first one."""

    services: dict[str, psutil.Process]
    postgres: psutil.Process

    @classmethod
    def below(cls, supervisor: int, pgdata: Path) -> Processes:
        """Those a `telerehab run --separate` has started, and the server of its data folder."""
        services = {
            child.cmdline()[-2]: child
            for child in psutil.Process(supervisor).children()
            if "--until-stdin-closes" in child.cmdline()
        }
        if set(services) != {GATEWAY, *SERVICES}:
            raise RuntimeError(f"not all services run: {sorted(services)}")
        first_line = (pgdata / "postmaster.pid").read_text().split("\n", 1)[0]
        return cls(services, psutil.Process(int(first_line)))

    def cpu(self, name: str) -> float:
        """CPU seconds of one service or the gateway."""
        return cpu_of(self.services[name])

    def postgres_cpu(self) -> float:
        """CPU seconds of the whole PostgreSQL server, ended backends included."""
        times = self.postgres.cpu_times()
        ended = times.children_user + times.children_system
        return ended + sum(map(cpu_of, [self.postgres, *self.postgres.children()]))


def cpu_of(process: psutil.Process) -> float:
    """User and system CPU seconds of one process, its threads together."""
    times = process.cpu_times()
    return float(times.user + times.system)


def memory_of(process: psutil.Process) -> tuple[float, float]:
    """RSS and PSS in megabytes; PSS counts a page shared by n processes as an nth."""
    memory = process.memory_full_info()
    return memory.rss / MEGABYTE, memory.pss / MEGABYTE
