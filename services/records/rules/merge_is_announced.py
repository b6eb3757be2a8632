"""A Patient that says it is replaced by another is announced as merged, and as unmerged when it no longer does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from telerehab.change import Change, Emit, Verdict, rule
from telerehab.pb.telerehab.events.v1.records_pb2 import PatientMerged, PatientUnmerged
from telerehab.resource import Resource

_PATIENT = re.compile(r"Patient/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?", re.ASCII)


@rule("Patient")
def merge_is_announced(change: Change) -> Iterator[Verdict]:
    """Nothing is rewritten: each service joins both ids when it is asked."""
    before, after = replaced_by(change.before), replaced_by(change.after)
    for into in sorted(before - after):
        yield Emit(
            PatientUnmerged(
                patient_id=change.subject.id, patient_version=change.version, from_patient_id=into
            )
        )
    for into in sorted(after - before):
        yield Emit(
            PatientMerged(patient_id=change.subject.id, patient_version=change.version, into_patient_id=into)
        )


def replaced_by(patient: Resource | None) -> set[str]:
    """Ids of the other Patients that a Patient says it is replaced by."""
    links = patient.content.get("link", ()) if patient else ()
    references = (link["other"].get("reference", "") for link in links if link.get("type") == "replaced-by")
    found = (_PATIENT.fullmatch(reference) for reference in references)
    return {match[1] for match in found if match} - ({patient.id} if patient else set())
