"""What happens to a visit booked here is said: booked, moved, cancelled, not attended."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.availability import Interval
from services.scheduling.domain.blocking import STANDING, booked_interval, participants
from services.scheduling.domain.visit import encounter_id
from services.scheduling.lifecycles import booked_here
from telerehab.canonical import APPOINTMENT_VIRTUAL_SERVICE, join_link
from telerehab.change import Change, Emit, Verdict, rule, values_at
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
)
from telerehab.references import id_at, ids_at


@rule("Appointment")
def booking_is_announced(change: Change) -> Iterator[Verdict]:
    """Only for appointments booked here; a hold is nobody's business but scheduling's."""
    if not booked_here(change.content):
        return
    before = change.before.content if change.before and booked_here(change.before.content) else {}
    after = change.after.content if change.after else {**before, "status": "entered-in-error"}
    version = change.version
    stood, stands = before.get("status") in STANDING, after.get("status") in STANDING
    if stands and not stood:
        yield Emit(_booked(change.subject.id, version, after))
    elif stands and _whom_and_when(before) != _whom_and_when(after):
        yield Emit(_rescheduled(change.subject.id, version, before, after))
    elif stood and after.get("status") in ("cancelled", "entered-in-error"):
        yield Emit(_cancelled(change.subject.id, version, {**after, **_timed(before)}))
    elif stood and after.get("status") == "noshow":
        yield Emit(_no_show(change.subject.id, version, {**after, **_timed(before)}))


def _timed(appointment: JsonObject) -> JsonObject:
    """When it was to be: what closes a visit need not say that again."""
    return {name: appointment[name] for name in ("start", "end", "minutesDuration") if name in appointment}


def _whom_and_when(appointment: JsonObject) -> tuple[object, ...]:
    return (
        booked_interval(appointment),
        *(tuple(participants(appointment, type_)) for type_ in ("Patient", "Practitioner", "Location")),
    )


def _booked(id_: str, version: int, appointment: JsonObject) -> AppointmentBooked:
    interval = _interval(appointment)
    link = join_link(appointment, APPOINTMENT_VIRTUAL_SERVICE) or ""
    return AppointmentBooked(
        appointment_id=id_,
        appointment_version=version,
        encounter_id=encounter_id(appointment),
        join_token=link.rpartition("/")[2],
        patient_id=_first(appointment, "Patient"),
        practitioner_ids=participants(appointment, "Practitioner"),
        location_id=_first(appointment, "Location"),
        start=timestamp(interval.start),
        end=timestamp(interval.end),
        service_request_ids=ids_at(appointment, "basedOn", "ServiceRequest"),
        healthcare_service_id=id_at(appointment, "participant.actor", "HealthcareService"),
    )


def _rescheduled(id_: str, version: int, before: JsonObject, after: JsonObject) -> AppointmentRescheduled:
    previous, interval = _interval(before), _interval(after)
    return AppointmentRescheduled(
        appointment_id=id_,
        appointment_version=version,
        encounter_id=encounter_id(after),
        patient_id=_first(after, "Patient"),
        practitioner_ids=participants(after, "Practitioner"),
        location_id=_first(after, "Location"),
        start=timestamp(interval.start),
        end=timestamp(interval.end),
        previous_start=timestamp(previous.start),
        previous_end=timestamp(previous.end),
    )


def _cancelled(id_: str, version: int, appointment: JsonObject) -> AppointmentCancelled:
    interval = _interval(appointment)
    reasons = values_at(appointment, "cancelationReason.coding.code")
    return AppointmentCancelled(
        appointment_id=id_,
        appointment_version=version,
        encounter_id=encounter_id(appointment),
        patient_id=_first(appointment, "Patient"),
        practitioner_ids=participants(appointment, "Practitioner"),
        start=timestamp(interval.start),
        end=timestamp(interval.end),
        reason_code=reasons[0] if reasons else "",
    )


def _no_show(id_: str, version: int, appointment: JsonObject) -> AppointmentNoShow:
    return AppointmentNoShow(
        appointment_id=id_,
        appointment_version=version,
        encounter_id=encounter_id(appointment),
        patient_id=_first(appointment, "Patient"),
        start=timestamp(_interval(appointment).start),
    )


def _interval(appointment: JsonObject) -> Interval:
    interval = booked_interval(appointment)
    assert interval is not None, "a visit has a time: another rule sees to it"
    return interval


def _first(appointment: JsonObject, type_: str) -> str:
    return next(iter(participants(appointment, type_)), "")
