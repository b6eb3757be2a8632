"""Patients that are of one person: what a merge and its undoing do in every service. Nothing is rewritten.

https://hl7.org/fhir/R4/patient.html#merge
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from telerehab.access import Access
from telerehab.event import Event, handler
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.pb.telerehab.events.v1.records_pb2 import PatientMerged, PatientUnmerged
from telerehab.write_set import AliasWrite

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork


@handler(PatientMerged, rebuilds=True)
async def join_patients(event: Event[PatientMerged], work: UnitOfWork) -> None:
    """From now on both ids are of one person, unless a later version of the Patient has said otherwise."""
    work.aliases += aliases_of([event.message])


@handler(PatientUnmerged, rebuilds=True)
async def part_patients(event: Event[PatientUnmerged], work: UnitOfWork) -> None:
    """From now on they are of two people, unless a later version of the Patient has said otherwise."""
    work.aliases += aliases_of([event.message])


EVERY_SERVICE_HEARS = (join_patients, part_patients)
_TYPES = frozenset(each.event_type for each in EVERY_SERVICE_HEARS)


def is_alias_event(name: str) -> bool:
    """Whether an event of this full name changes which ids are of one person."""
    return name in _TYPES


def aliases_of(messages: Iterable[Message]) -> list[AliasWrite]:
    """What these events, among others, say about ids of one person."""
    said: list[AliasWrite] = []
    for message in messages:
        if isinstance(message, PatientMerged):
            said.append(
                AliasWrite(message.patient_id, message.into_patient_id, message.patient_version, True)
            )
        elif isinstance(message, PatientUnmerged):
            said.append(
                AliasWrite(message.patient_id, message.from_patient_id, message.patient_version, False)
            )
    return said


def refuse_outside(aliases: Iterable[AliasWrite], access: Access) -> None:
    """A merge widens the access to either Patient to both: only who has both may say so; else FhirError 403."""
    for alias in aliases:
        if access.patients is not None and not access.patients.issuperset((alias.patient, alias.into)):
            told = "Who may not see both Patients cannot say that they are of one person."
            raise FhirError(403, [Issue("forbidden", told, "Patient.link")])
