"""When red flags have to be asked again: what has happened since they were clear.

The occasions are those of clinical/screening/rescreening.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from clinical.red_flags import Occasion, rescreening

LOG = "log."
"""How the code of an alert from a home log begins."""
_SAME_TIME = timedelta(days=1)
"""Pain that is told this long after a screening was that of the screening: an intake takes its time."""


@dataclass(frozen=True, slots=True)
class Since:
    """What has happened since the last clear screening: visits held, days, points of pain, codes of alerts."""

    visits: int
    days: Decimal
    pain_rise: Decimal
    alerts: Collection[str]


def due(since: Since | None) -> list[Occasion]:
    """The occasions that ask for a screening, in the order of the data; None: there never was a clear one."""
    return [one for one in rescreening().occasion if _HOLDS[one.kind](one, since)]


def pain_rise(pains: Iterable[tuple[datetime, Decimal]], screened: datetime) -> Decimal:
    """How far pain has risen above that of the time of a screening; 0 where it has not, or nothing is known."""
    known = sorted(pains)
    before = [pain for at, pain in known if at <= screened + _SAME_TIME]
    later = [pain for at, pain in known if at > screened + _SAME_TIME]
    base = before[-1:] or later[:1]
    return max([Decimal(0), *(pain - base[0] for pain in later)])


def _initial(_: Occasion, since: Since | None) -> bool:
    return since is None


def _flare(occasion: Occasion, since: Since | None) -> bool:
    if since is None:
        return False
    told = {f"{LOG}{alarm}" for alarm in rescreening().flare_alarms}
    return since.pain_rise >= _at_least(occasion) or not told.isdisjoint(since.alerts)


def _symptom(_: Occasion, since: Since | None) -> bool:
    told = {f"{LOG}{symptom}" for symptom in rescreening().symptoms}
    return since is not None and not told.isdisjoint(since.alerts)


def _visits(occasion: Occasion, since: Since | None) -> bool:
    return since is not None and since.visits >= _at_least(occasion)


def _days(occasion: Occasion, since: Since | None) -> bool:
    return since is not None and since.days >= _at_least(occasion)


def _at_least(occasion: Occasion) -> int:
    assert occasion.at_least is not None, "an occasion that counts says how many"
    return occasion.at_least


_HOLDS: dict[str, Callable[[Occasion, Since | None], bool]] = {
    "initial": _initial,
    "pain-rise": _flare,
    "symptom": _symptom,
    "visits": _visits,
    "days": _days,
}


def visits_since(ends: Sequence[datetime], screened: datetime) -> int:
    """How many visits were held since a screening."""
    return sum(end > screened for end in ends)
