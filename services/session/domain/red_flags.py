"""Red flags as session has heard of them: is there a clear screening that counts, and what speaks against a visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from services.session.domain.messages import pain, reason, topic
from services.session.domain.rescreening import Since, due, pain_rise, visits_since
from telerehab.canonical import ALERT_MESSAGE, HEARD_PAIN, HEARD_SCREENING, has_profile
from telerehab.fhir.when import moment
from telerehab.resource import Resource

CLEAR = "clear"
NEVER = "No clear red-flag screening of this patient has been heard of."
_DAY = 86_400
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


def judged(communications: Iterable[Resource], visits: Iterable[Resource], now: datetime) -> Heard:
    """What the Communications of one patient say; of each kind of screening only the latest counts.

    `visits` are the finished Encounters: after some of them red flags are asked again.
    """
    known = list(communications)
    latest = _latest(known)
    clear = [_time(one) for one in latest if reason(one.content) == CLEAR]
    unknown = _unknown(max(clear), known, visits, now) if clear else NEVER
    return Heard(unknown, [*_raised(latest), *_standing(known)])


def _unknown(screened: datetime, known: Sequence[Resource], visits: Iterable[Resource], now: datetime) -> str:
    """Why the last clear screening counts no more, each reason in words; empty if it counts."""
    ends = [moment(one.content.get("period", {}).get("end")) for one in visits]
    since = Since(
        visits_since([end for end in ends if end], screened),
        Decimal((now - screened).total_seconds()) / _DAY,
        pain_rise(_pains(known), screened),
        {topic(one.content) for one in known if _is_alert(one) and _time(one) > screened},
    )
    why = " ".join(occasion.text for occasion in due(since))
    return f"The last clear red-flag screening is of {screened:%Y-%m-%d}. {why}" if why else ""


def _pains(known: Iterable[Resource]) -> list[tuple[datetime, Decimal]]:
    told = ((one, pain(one.content)) for one in known if has_profile(one.content, HEARD_PAIN))
    return [
        (_time(one), value)
        for one, value in told
        if value is not None and one.content["status"] == "completed"
    ]


def _is_alert(communication: Resource) -> bool:
    """Also one that a human has in hand: what it told of is new since the screening all the same."""
    return has_profile(communication.content, ALERT_MESSAGE) and communication.content["status"] in (
        "in-progress",
        "completed",
    )


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
