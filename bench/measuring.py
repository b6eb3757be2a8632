"""One figure: a load, with what it cost each process; our own and the ceiling in turns, since machines waver."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.client import Address, closed_loop

CONNECTIONS = 16
ROUNDS = 3
WARMING = 0.5  # seconds, not counted

Cpu = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a load goes, the CPU seconds of the process behind it so far, and those that work for it."""

    at: Address
    cpu: Cpu
    others: tuple[Cpu, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One load: answers per second, answers per CPU second of its process, CPU seconds per answer of the others."""

    rate: float
    per_cpu: float
    others: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of the rounds."""

    name: str
    rate: float
    per_cpu: float
    others: tuple[float, ...]

    @classmethod
    def of(cls, name: str, rounds: list[Round]) -> Figure:
        return cls(
            name,
            statistics.median(each.rate for each in rounds),
            statistics.median(each.per_cpu for each in rounds),
            tuple(map(statistics.median, zip(*(each.others for each in rounds), strict=True))),
        )


async def figure(name: str, target: Target, requests: Iterator[bytes], seconds: float) -> Figure:
    """A figure that has no ceiling."""
    await closed_loop(target.at, requests, CONNECTIONS, WARMING)
    return Figure.of(name, [await _round(target, requests, seconds / ROUNDS) for _ in range(ROUNDS)])


async def beside(
    name: str, ours: tuple[Target, Iterator[bytes]], bare: tuple[Target, Iterator[bytes]], seconds: float
) -> tuple[Figure, Figure]:
    """A figure and its ceiling, in turns."""
    for target, requests in (ours, bare):
        await closed_loop(target.at, requests, CONNECTIONS, WARMING)
    pairs = [
        (await _round(*ours, seconds / ROUNDS), await _round(*bare, seconds / ROUNDS)) for _ in range(ROUNDS)
    ]
    return (
        Figure.of(name, [pair[0] for pair in pairs]),
        Figure.of(f"bare {name}", [pair[1] for pair in pairs]),
    )


async def _round(target: Target, requests: Iterator[bytes], seconds: float) -> Round:
    before = target.cpu(), [cpu() for cpu in target.others]
    load = await closed_loop(target.at, requests, CONNECTIONS, seconds)
    own = target.cpu() - before[0]
    others = tuple((cpu() - was) / load.count for cpu, was in zip(target.others, before[1], strict=True))
    return Round(load.count / load.seconds, load.count / own, others)
