"""What records knows of a patient's conditions and operations: asked when something is prescribed or begun."""

from __future__ import annotations

from collections.abc import Sequence

from telerehab.change import Change
from telerehab.fhir.search import parameter_hash
from telerehab.fhir.search.query import Include
from telerehab.owners import owner_of
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

PATIENT, CONDITION, PROCEDURE = "Patient", "Condition", "Procedure"
OF_A_PATIENT = tuple(
    Include(type_, (parameter_hash(type_, "patient"),), PATIENT) for type_ in (CONDITION, PROCEDURE)
)
MOST = 10_000


async def history_of(patient: str, work: UnitOfWork) -> Sequence[Resource]:
    """The Conditions and Procedures of "Patient/1" under every id; FhirError 503 where records does not answer.

    Advisory: what comes later is judged when the programme begins.
    """
    found = await work.engine.neighbours.include(
        owner_of(CONDITION),
        (),
        [(PATIENT, patient.removeprefix(f"{PATIENT}/"))],
        OF_A_PATIENT,
        work.caller,
        limit=MOST,
    )
    return sorted(found, key=lambda one: one.reference)


async def history_of_subject(change: Change, work: UnitOfWork) -> Sequence[Resource]:
    """The same for the subject of what is written, for rules to `find`."""
    patient = str(change.content.get("subject", {}).get("reference", ""))
    return await history_of(patient, work) if patient.startswith(f"{PATIENT}/") else []
