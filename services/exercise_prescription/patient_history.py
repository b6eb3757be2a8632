"""What records knows of a patient's conditions and operations: asked when something is prescribed or begun."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.exercise_prescription.domain.precautions import operations
from services.exercise_prescription.domain.terms import SNOMED
from telerehab.change import Change
from telerehab.owners import owner_of
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


async def history_of(patient: str, work: UnitOfWork) -> Sequence[Resource]:
    """The Conditions of "Patient/1", and the Procedures that a rule names; FhirError 503 where records is silent.

    Under every id of that person. Advisory: what comes later is judged when the programme begins.
    """
    codes = ",".join(f"{SNOMED}|{code}" for code in operations())
    wanted = (f"Condition?patient={patient}", f"Procedure?patient={patient}&code={codes}")
    return [
        one for found in await asyncio.gather(*(_found(query, work) for query in wanted)) for one in found
    ]


async def history_of_subject(change: Change, work: UnitOfWork) -> Sequence[Resource]:
    """The same for the subject of what is written, for rules to `find`."""
    patient = str(change.content.get("subject", {}).get("reference", ""))
    return await history_of(patient, work) if patient.startswith("Patient/") else []


async def _found(query: str, work: UnitOfWork) -> list[Resource]:
    type_ = query.partition("?")[0]
    owner = work.engine.neighbours.owner(owner_of(type_))
    ids = sorted(await owner.ids(query, work.caller))
    return await owner.read([f"{type_}/{id_}" for id_ in ids], work.caller) if ids else []
