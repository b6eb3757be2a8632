"""A home log says whose it is, which one, when and what it was, in codes and bounds that can be judged."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.home_log import faults, is_home_log
from telerehab.change import Change, Refuse, Verdict, rule


def is_written(change: Change) -> bool:
    """Whether a log is written that still stands."""
    after = change.after.content if change.after else {}
    return is_home_log(after) and after["status"] != "entered-in-error"


@rule("Observation", when=is_written)
def home_log_is_understood(change: Change) -> Iterator[Verdict]:
    """Otherwise a danger sign in it might be missed."""
    for told, where in faults(change.content):
        yield Refuse(told, where)
