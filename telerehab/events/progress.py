"""Progress: how far a reader may move its position while events are done out of order."""

from __future__ import annotations

import asyncio

from telerehab.events.brokers.broker import Delivery, Partition


class Progress:
    """Which deliveries are under way, per partition; at most `most` at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: dict[Partition, dict[int, None]] = {}
        self._ends: dict[Partition, int] = {}
        self._count = 0
        self._room = asyncio.Event()
        self._room.set()
        self.moved = asyncio.Event()
        """Set when a position has moved that was not asked for since."""

    async def room(self) -> None:
        """Wait until another batch may be begun."""
        await self._room.wait()

    def begin(self, delivery: Delivery) -> bool:
        """Take note of a delivery; False if it is under way already (it was delivered again)."""
        offsets = self._under_way.setdefault(delivery.partition, {})
        self._ends[delivery.partition] = delivery.offset + 1  # whatever was delivered again before it
        if delivery.offset in offsets:
            return False
        offsets[delivery.offset] = None
        self._count += 1
        if self._count >= self._most:
            self._room.clear()
        return True

    def done(self, delivery: Delivery) -> None:
        """Take note that nothing is left to do for a delivery."""
        del self._under_way[delivery.partition][delivery.offset]
        self._count -= 1
        if self._count < self._most:
            self._room.set()
        self.moved.set()

    def positions(self) -> dict[Partition, int]:
        """The next offset of each partition before which everything is done."""
        self.moved.clear()
        return {
            partition: min(self._under_way[partition], default=end) for partition, end in self._ends.items()
        }
