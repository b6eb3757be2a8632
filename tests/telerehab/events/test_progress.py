"""How far a position may move while deliveries are done out of order, and some are delivered again."""

from __future__ import annotations

from telerehab.events.brokers.broker import Delivery, Partition, Record
from telerehab.events.progress import Progress

PARTITION = Partition("telerehab.scheduling", 0)


def delivery(offset: int) -> Delivery:
    return Delivery(PARTITION, offset, Record(str(offset), PARTITION.topic, b"", {}, b""))


def test_a_position_stands_before_the_first_that_is_not_done() -> None:
    progress = Progress(10)
    given = [delivery(offset) for offset in range(4)]
    assert all(progress.begin(each) for each in given)
    for done, position in ((2, 0), (0, 1), (1, 3), (3, 4)):
        progress.done(given[done])
        assert progress.positions() == {PARTITION: position}


def test_a_position_comes_to_the_end_although_the_last_was_under_way_when_all_were_delivered_again() -> None:
    progress = Progress(10)
    assert progress.begin(delivery(2))
    again = [delivery(offset) for offset in range(3)]
    assert [progress.begin(each) for each in again] == [True, True, False]
    for each in again:
        progress.done(each)
    assert progress.positions() == {PARTITION: 3}
