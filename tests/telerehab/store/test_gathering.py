"""Gathering: groups as large as the load, a result for each, an error for whom it concerns."""

from __future__ import annotations

import asyncio

import pytest

from telerehab.access import EVERYTHING
from telerehab.store.gathering import Gathering
from telerehab.store.store import Store
from tests.telerehab.store.samples import write, write_set


async def test_what_comes_while_a_group_is_on_its_way_makes_the_next() -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    groups: list[list[int]] = []

    async def do(items: list[int]) -> list[int]:
        groups.append(items)
        begun.set()
        await go.wait()
        return [item * 2 for item in items]

    gathering = Gathering(do)
    first = [asyncio.create_task(gathering(number)) for number in (1, 2)]
    await begun.wait()
    second = [asyncio.create_task(gathering(number)) for number in (3, 4, 5)]
    await asyncio.sleep(0)
    assert groups == [[1, 2]]
    go.set()
    assert await asyncio.gather(*first, *second) == [2, 4, 6, 8, 10]
    assert groups == [[1, 2], [3, 4, 5]]


async def test_an_error_is_for_its_own_item_or_for_the_whole_group() -> None:
    async def do(items: list[int]) -> list[int | Exception]:
        if 13 in items:
            raise RuntimeError
        return [KeyError(item) if item < 0 else item for item in items]

    gathering = Gathering(do)
    results = await asyncio.gather(gathering(1), gathering(-1), gathering(2), return_exceptions=True)
    assert [type(each) for each in results] == [int, KeyError, int]
    failed = await asyncio.gather(gathering(1), gathering(13), return_exceptions=True)
    assert [type(each) for each in failed] == [RuntimeError, RuntimeError]
    assert await gathering(1) == 1


async def test_who_gives_up_leaves_the_others_theirs() -> None:
    async def do(items: list[int]) -> list[int]:
        await asyncio.sleep(0)
        return items

    gathering = Gathering(do)
    one, other = asyncio.create_task(gathering(1)), asyncio.create_task(gathering(2))
    await asyncio.sleep(0)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    assert await other == 2


async def test_reads_at_the_same_moment_each_get_their_own(store: Store) -> None:
    await store.apply(write_set(*(write(f"a{number}") for number in range(20))))
    asked = [f"a{number}" for number in range(30)] * 2
    found = await asyncio.gather(*(store.read("Appointment", id_, EVERYTHING) for id_ in asked))
    assert [each and each.id for each in found] == [id_ if int(id_[1:]) < 20 else None for id_ in asked]
    assert all(each is None or each.event_key == b"key" for each in found)
