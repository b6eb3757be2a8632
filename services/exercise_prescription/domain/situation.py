"""From what was heard and kept about a prescription to the situation that the dose rules judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clinical.logs import Log
from services.exercise_prescription.domain.dose import Dose
from services.exercise_prescription.domain.heard_log import HeardLog, identity, latest
from services.exercise_prescription.domain.prescribed import prescribed
from services.exercise_prescription.domain.progression import Situation
from services.exercise_prescription.domain.proposal import ACCEPTED, decision_of, prescription_reference
from services.exercise_prescription.domain.schedule import planned_days
from services.exercise_prescription.domain.terms import DECIDED, FORM_CHECK
from telerehab.canonical import TIMEZONE, extension_value, extensions
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.resource import Resource

ALL = Decimal(100)
AHEAD = timedelta(days=1)
"""How far a log may lie ahead of our clock: zones and clocks that are wrong by less are nobody's fault."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a prescription; `versions` are all of it, oldest first, `logs` in any order."""

    versions: Sequence[Resource]
    care_plan: JsonObject
    logs: Sequence[HeardLog]
    proposals: Sequence[JsonObject]
    open_alert: bool
    now: datetime


class NoStart(ValueError):
    """A programme without a first day: nothing can be judged."""


def situation_of(known: Known) -> Situation:
    """The situation; raises NoStart, and what `prescribed` raises."""
    what = prescribed(known.versions[-1].content)
    days = Days.of(known.care_plan)
    steps = list(_steps(known.versions))
    doses = [(known.versions[0].last_updated or known.now, _dose(known.versions[0])), *steps]
    heard = [log for log in latest(known.logs) if log.done <= known.now + AHEAD]
    logs = [_log(log, days, doses) for log in heard]
    last_step = steps[-1][0] if steps else None
    today = max([days.day(known.now), *(log.day for log in logs)])
    form = next(iter(extensions(known.versions[-1].content, FORM_CHECK)), {})
    seen = moment(extension_value(form, "checked"))
    resumed = _resumed(known.versions)
    return Situation(
        what.exercise,
        what.dose,
        today,
        planned_days(what.schedule, days.first, today),
        tuple(logs),
        what.effort.high,
        Decimal(what.pain_limit),
        form_ok=extension_value(form, "good"),
        form_day=days.day(seen) if seen else None,
        last_step_day=days.day(last_step) if last_step else None,
        step_logs=frozenset(identity(log) for log in heard if last_step and log.done > last_step),
        resumed_day=days.day(resumed) if resumed else None,
        regression_days=tuple(_regressions(known, days)),
        paused=known.care_plan["status"] != "active" or known.versions[-1].content["status"] != "active",
        open_alert=known.open_alert,
    )


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a programme: 1 is `first`, in the patient's `zone`."""

    first: date
    zone: ZoneInfo

    @classmethod
    def of(cls, care_plan: JsonObject) -> Days:
        start = moment(care_plan.get("period", {}).get("start"))
        if start is None:
            raise NoStart("The programme needs period.start, with time and zone.")
        try:
            zone = ZoneInfo(str(extension_value(care_plan, TIMEZONE) or "UTC"))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo("UTC")
        return cls(start.astimezone(zone).date(), zone)

    def day(self, at: datetime) -> int:
        return (at.astimezone(self.zone).date() - self.first).days + 1

    def local_day(self, log: HeardLog) -> int:
        """The day on the calendar where the patient was."""
        local = log.done.replace(tzinfo=None) + timedelta(minutes=log.offset_minutes)
        return (local.date() - self.first).days + 1


def _log(log: HeardLog, days: Days, doses: Sequence[tuple[datetime, Dose]]) -> Log:
    dose = next((dose for since, dose in reversed(doses) if since <= log.done), doses[0][1])
    told = log.told
    return Log(
        day=days.local_day(log),
        id=identity(log),
        done=_done(told, dose),
        pain_before=_number(told.get("pain_before")),
        pain_max=_number(told.get("pain")),
        pain_after=_number(told.get("pain_after")),
        next_morning=_number(told.get("pain_next_morning")),
        effort=_number(told.get("exertion")),
        extra_reps=told.get("extra_repetitions"),
        symptoms=tuple(sorted(told["symptoms"])),
    )


def _done(told: dict[str, Any], dose: Dose) -> Decimal:
    """How much of the dose of that time was done, in percent; what was told of sets alone counts whole sets."""
    if "completion_percent" in told:
        return min(ALL, Decimal(told["completion_percent"]))
    sets = dose.sets or Decimal(1)
    if not told["sets_done"] and not told["repetitions_done"]:
        shares = []
    elif dose.reps and told["repetitions_done"]:
        shares = [Decimal(told["repetitions_done"]) / (sets * dose.reps)]
    else:
        shares = [Decimal(told["sets_done"]) / sets]
    if told.get("seconds_done") and (dose.duration_seconds or dose.hold_seconds):
        seconds = dose.duration_seconds or (dose.hold_seconds or Decimal(1)) * (dose.reps or 1)
        shares.append(Decimal(told["seconds_done"]) / (sets * seconds))
    if told.get("metres_done") and dose.distance_metres:
        shares.append(Decimal(told["metres_done"]) / (sets * dose.distance_metres))
    return min(ALL, *(share * ALL for share in shares)) if shares else Decimal(0)


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _steps(versions: Sequence[Resource]) -> Iterator[tuple[datetime, Dose]]:
    """When the dose changed, and to what."""
    for before, after in pairwise(versions):
        dose = _dose(after)
        if dose != _dose(before) and after.last_updated is not None:
            yield after.last_updated, dose


def _dose(version: Resource) -> Dose:
    return prescribed(version.content).dose


def _resumed(versions: Sequence[Resource]) -> datetime | None:
    """When it last became active again."""
    resumed = [
        after.last_updated
        for before, after in pairwise(versions)
        if (before.content["status"], after.content["status"]) == ("on-hold", "active")
    ]
    return resumed[-1] if resumed else None


def _regressions(known: Known, days: Days) -> Iterator[int]:
    for group in known.proposals:
        about = prescription_reference(group) == known.versions[-1].reference
        if about and group["status"] == ACCEPTED and decision_of(group) == "regress":
            at = moment(extension_value(group, DECIDED))
            if at is not None:
                yield days.day(at)
