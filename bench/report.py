"""What a run has found, as a table in the terminal, each figure printed as soon as it is known."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence

from bench.client import Load
from bench.measuring import Figure
from bench.processes import Processes, memory_of
from bench.searches import Search

START_AIM = 5.0  # seconds
GROWTH_AIM = 1.5  # p95 of a selective search on the most resources, against the fewest
MEMORY_AIM = 150.0  # megabytes of a service
_COLUMNS = f"  {'':<36}{'per CPU-s':>10}{'per second':>12}{'PostgreSQL':>13}{'gateway':>11}"


class Report:
    """Prints a run; costs are microseconds of CPU per answer, aims stand beside what they are about."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._has_columns = False

    def machine(self, lines: list[str]) -> None:
        self._say("The machine", *lines)

    def start(self, name: str, seconds: float) -> None:
        self._say(
            f"telerehab run: {name}: ready after {seconds:.1f} s{_judged(seconds < START_AIM, '< 5 s')}"
        )

    def filled(self, count: int, put: int, seconds: float) -> None:
        self._say("", f"{count:,} Observations; {put:,} put in, {put / seconds:,.0f}/s, 200 in a commit", "")

    def search(self, search: Search, load: Load) -> None:
        """One search alone, one at a time."""
        p50, p95 = (load.quantile(part) * 1000 for part in (0.5, 0.95))
        self._say(f"  {search.kind:<18}p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   {search.text}")

    def refused(self, search: Search) -> None:
        """One that a server does not answer is not left out in silence."""
        self._say(f"  {search.kind:<18}not answered with 2xx         {search.text}")

    def throughput(self, name: str, load: Load) -> None:
        """Answers a second, where nothing is known of CPU."""
        self._say(f"  {name:<36}{load.count / load.seconds:>10,.0f} per second")

    def growth(
        self, pool: Sequence[Search], sizes: Sequence[int], latencies: Sequence[Sequence[Load]]
    ) -> None:
        """How the selective searches grow from the fewest resources to the most."""
        if len(sizes) < 2:
            return
        ratios = [
            most.quantile(0.95) / fewest.quantile(0.95)
            for search, fewest, most in zip(pool, latencies[0], latencies[-1], strict=False)
            if search.is_selective
        ]
        within = sum(ratio <= GROWTH_AIM for ratio in ratios)
        self._say(
            f"  p95 of {len(ratios)} selective searches on {sizes[-1]:,} against {sizes[0]:,}: median"
            f" {statistics.median(ratios):.2f}, most {max(ratios):.2f}; {within} within {GROWTH_AIM}",
            "",
        )

    def rate(self, name: str, per_cpu: float, aim: float) -> None:
        """A rate beside its aim."""
        self._say(f"  {name:<38}{per_cpu:>8,.0f} per CPU-s{_judged(per_cpu >= aim, f'≥ {aim:,.0f}')}")

    def figure(self, figure: Figure) -> None:
        """One line: answers per CPU second of the process at the owner's port, and what else they cost."""
        if not self._has_columns:
            self._has_columns = True
            self._say(_COLUMNS)
        others = "".join(f"{cost * 1e6:>10.0f} µs" for cost in figure.others)
        self._say(f"  {figure.name:<36}{figure.per_cpu:>10,.0f}{figure.rate:>12,.0f}{others}")

    def ratio(self, ours: Figure, bare: Figure, aim: float) -> None:
        self.figure(bare)
        self.figure(ours)
        ratio = ours.per_cpu / bare.per_cpu
        self._say(f"  {'':<36}{ratio:>10.0%} of it{_judged(ratio >= aim, f'≥ {aim:.0%}')}")

    def latency(self, name: str, pace: float, load: Load) -> None:
        p50, p99 = (load.quantile(part) * 1000 for part in (0.5, 0.99))
        self._say(f"  {name:<36}at {pace:.0f}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms")

    def waited(self, name: str, load: Load, aim: float) -> None:
        """What a client waits, beside the most it should."""
        p50, p99 = (load.quantile(part) * 1000 for part in (0.5, 0.99))
        judged = _judged(p99 < aim * 1000, f"< {aim * 1000:,.0f} ms")
        self._say(f"  {name:<38}p50 {p50:,.0f} ms, p99 {p99:,.0f} ms{judged}")

    def imported(self, resources: int, seconds: float, python: float, postgres: float) -> None:
        self._say(
            f"  {'import through the gateway':<36}{resources / python:>10,.0f}{resources / seconds:>12,.0f}"
            f"{postgres / resources * 1e6:>10.0f} µs   (resources; CPU of all services)"
        )

    def memory(self, processes: Processes) -> None:
        self._say("", f"  {'memory':<36}{'RSS':>10}{'PSS':>12}")
        for name, process in processes.services.items():
            rss, pss = memory_of(process)
            self._say(f"  {name:<36}{rss:>7.0f} MB{pss:>9.0f} MB{_judged(rss < MEMORY_AIM, '< 150 MB')}")

    def end(self) -> None:
        self._say("", f"{time.perf_counter() - self._started:.0f} s in all")

    @staticmethod
    def _say(*lines: str) -> None:
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _judged(is_met: bool, aim: str) -> str:
    return f"   (aim {aim}: {'met' if is_met else 'not met'})"
