"""Two who each rely on what the other writes: never both, in whichever way they rely on it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import pytest

from telerehab.change import Change, Refuse, Rule, Verdict, rule
from telerehab.engine import Engine
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.unit_of_work import UnitOfWork
from tests.telerehab.basics import CALLER, basic, delete, new_ids, put, status, stored, text_of
from tests.telerehab.conftest import Serve

ROUNDS = 100
Act = Callable[[UnitOfWork], Awaitable[None]]
REFUSED = FhirError(422, [Issue("business-rule", "One stays.")])


def goes_off(change: Change) -> bool:
    return change.after is not None and change.content["code"]["text"] == "off"


@rule("Basic", find={"partner": "Basic.subject"}, when=goes_off)
def the_one_it_names_stays(change: Change) -> Iterator[Verdict]:
    if not [one for one in change.found["partner"] if text_of(one) == "on"]:
        yield Refuse("One of two stays.")


@rule("Basic", find={"same": "Basic?subject={Basic.subject}"}, when=goes_off)
def one_of_all_stays(change: Change) -> Iterator[Verdict]:
    if not [one for one in change.found["same"] if text_of(one) == "on"]:
        yield Refuse("One of all stays.")


@rule("Basic", find={"same": "Basic?subject={Basic.subject}"}, when=goes_off)
def only_one_is_off(change: Change) -> Iterator[Verdict]:
    if [one for one in change.found["same"] if text_of(one) == "off"]:
        yield Refuse("Another is off.")


def switched_off(ids: list[str], subjects: list[str]) -> Iterator[Act]:
    """For each of two, a request that puts it off."""
    for id_, subject in zip(ids, subjects, strict=True):

        async def act(work: UnitOfWork, id_: str = id_, subject: str = subject) -> None:
            await work.put(basic(id_, "off", subject))

        yield act


async def race(engine: Engine, acts: Iterator[Act]) -> Counter[int]:
    return Counter(await asyncio.gather(*(status(engine.run(CALLER, act)) for act in acts)))


async def on_and_off(engine: Engine, ids: list[str]) -> Counter[str | None]:
    return Counter([text_of(await stored(engine, id_)) for id_ in ids])


@pytest.mark.parametrize("by", [the_one_it_names_stays, one_of_all_stays], ids=lambda by: str(by.name))
async def test_two_rules_that_each_rely_on_what_the_other_writes(serve: Serve, by: Rule) -> None:
    engine = await serve(by)
    for _ in range(ROUNDS):
        ids = new_ids(2)
        shared = [f"Patient/{ids[0]}"] * 2
        subjects = shared if by is one_of_all_stays else [f"Basic/{id_}" for id_ in reversed(ids)]
        await put(engine, *(basic(id_, "on", about) for id_, about in zip(ids, subjects, strict=True)))
        assert await race(engine, switched_off(ids, subjects)) == {200: 1, 422: 1}
        assert await on_and_off(engine, ids) == {"on": 1, "off": 1}


async def test_two_rules_that_each_rely_on_there_being_no_other(serve: Serve) -> None:
    engine = await serve(only_one_is_off)
    for _ in range(ROUNDS):
        ids = new_ids(2)
        assert await race(engine, switched_off(ids, [f"Patient/{ids[0]}"] * 2)) == {200: 1, 422: 1}
        assert await on_and_off(engine, ids) == {"off": 1, None: 1}


async def test_a_set_that_one_leaves_while_another_relies_on_it(serve: Serve) -> None:
    """The counter counts by what the resource was about before, too."""
    engine = await serve(one_of_all_stays)
    for _ in range(ROUNDS // 2):
        ids = new_ids(2)
        await put(engine, *(basic(id_, "on", f"Patient/{ids[0]}") for id_ in ids))

        async def leave(work: UnitOfWork, ids: list[str] = ids) -> None:
            if text_of(await work.read("Basic", ids[1])) == "off":
                raise REFUSED
            await work.put(basic(ids[0], "on", f"Patient/{ids[1]}"))

        first, second = await asyncio.gather(
            status(engine.run(CALLER, leave)),
            status(engine.run(CALLER, next(switched_off([ids[1]], [f"Patient/{ids[0]}"])))),
        )
        left, off = await stored(engine, ids[0]), await stored(engine, ids[1])
        assert left is not None
        stays = left.content["subject"]["reference"] == f"Patient/{ids[0]}"
        assert [first, second].count(200) == 1
        assert stays == (text_of(off) == "off") == (second == 200)


async def reading(work: UnitOfWork, mine: str, other: str) -> None:
    """An operation that goes off while what it reads is on."""
    if text_of(await work.read("Basic", other)) != "on":
        raise REFUSED
    await work.put(basic(mine, "off"))


async def making(work: UnitOfWork, mine: str, other: str) -> None:
    """An operation that makes what it is about where the other is not there."""
    if await work.read("Basic", other) is not None:
        raise REFUSED
    await work.put(basic(mine, "off"))


async def removing(work: UnitOfWork, mine: str, other: str) -> None:
    """An operation that deletes what it is about while the other is there."""
    if await work.read("Basic", other) is None:
        raise REFUSED
    await work.delete("Basic", mine)


@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [
        (reading, "on", {"on": 1, "off": 1}),
        (making, None, {"off": 1, None: 1}),
        (making, "deleted", {"off": 1, None: 1}),
        (removing, "on", {"on": 1, None: 1}),
    ],
    ids=["what is read", "what is not there", "what is deleted", "what must stay"],
)
async def test_two_operations_that_each_read_what_the_other_writes(
    serve: Serve,
    operation: Callable[[UnitOfWork, str, str], Awaitable[None]],
    before: str | None,
    after: dict[str | None, int],
) -> None:
    engine = await serve()
    for _ in range(ROUNDS):
        ids = new_ids(2)
        if before is not None:
            await put(engine, *(basic(id_) for id_ in ids))
        if before == "deleted":
            for id_ in ids:
                await delete(engine, id_)
        acts = (
            lambda work, mine=mine, other=other: operation(work, mine, other)
            for mine, other in (ids, ids[::-1])
        )
        assert await race(engine, acts) == {200: 1, 422: 1}
        assert await on_and_off(engine, ids) == after
