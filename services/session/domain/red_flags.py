"""Red flags as session has heard of them: is there a clear screening that counts, and what speaks against a visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clinical.red_flags import rescreening
from services.session.domain.messages import reason, topic
from telerehab.canonical import ALERT_MESSAGE, HEARD_SCREENING, has_profile
from telerehab.fhir.when import moment
from telerehab.resource import Resource

CLEAR = "clear"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sign:
    """Something heard that speaks against a visit; `source` is the Communication in the version that says it."""

    source: str
    says: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard about a patient: what is `unknown` (empty if a clear screening counts), and the `signs`."""

    unknown: str
    signs: Sequence[Sign]


def judged(communications: Iterable[Resource], now: datetime) -> Heard:
    """What the Communications of one patient say; of each kind of screening only the latest counts."""
    known = list(communications)
    latest = _latest(known)
    clear = [_time(one) for one in latest if reason(one.content) == CLEAR]
    return Heard(_unknown(clear, now), [*_raised(latest), *_standing(known)])


def clear_days() -> int:
    """After how many days a clear screening counts no more."""
    return min(
        one.at_least for one in rescreening().occasion if one.kind == "days" and one.at_least is not None
    )


def _unknown(clear: Sequence[datetime], now: datetime) -> str:
    if not clear:
        return "No clear red-flag screening of this patient has been heard of."
    if now - max(clear) >= timedelta(days=clear_days()):
        return (
            f"The last clear red-flag screening is of {max(clear):%Y-%m-%d}: {clear_days()} days ago or more."
        )
    return ""


def _latest(communications: Iterable[Resource]) -> list[Resource]:
    latest: dict[str, Resource] = {}
    for one in communications:
        if has_profile(one.content, HEARD_SCREENING) and one.content["status"] == "completed":
            known = latest.get(topic(one.content))
            if known is None or _order(one) > _order(known):
                latest[topic(one.content)] = one
    return list(latest.values())


def _order(screening: Resource) -> tuple[datetime, bool]:
    """Of two at the same time the one that is not clear comes last."""
    return _time(screening), reason(screening.content) != CLEAR


def _time(screening: Resource) -> datetime:
    """When it was answered; when it was heard of, where that was not told (such a one is never clear)."""
    return moment(screening.content.get("sent")) or moment(screening.content.get("received")) or _LONG_AGO


def _raised(latest: Iterable[Resource]) -> Iterator[Sign]:
    for one in latest:
        level = reason(one.content)
        if level != CLEAR:
            kind = topic(one.content)
            yield Sign(_version(one), f"The latest red-flag screening ({kind}) is not clear: {level}.")


def _standing(communications: Iterable[Resource]) -> Iterator[Sign]:
    for one in communications:
        if has_profile(one.content, ALERT_MESSAGE) and one.content["status"] == "in-progress":
            rule = topic(one.content)
            yield Sign(_version(one), f"A safety alert ({rule}) has not been acknowledged: {one.reference}.")


def _version(communication: Resource) -> str:
    return f"{communication.reference}/_history/{communication.version}"
