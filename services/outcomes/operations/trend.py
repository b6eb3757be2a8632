"""Observation/$trend: how a patient's scores of one instrument have changed."""

from __future__ import annotations

import re

from clinical.instruments import Instrument, instruments
from clinical.red_flags import screenings
from services.outcomes.domain.codes import SCORE
from services.outcomes.domain.questionnaires import SIDES
from services.outcomes.domain.trend import trend as trend_of
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request
from telerehab.operation import Parameters, operation
from telerehab.unit_of_work import UnitOfWork

_PATIENT = re.compile(r"Patient/[A-Za-z0-9\-.]{1,64}")


@operation("trend.json")
async def trend(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Parameters with the series; none where nothing was measured."""
    patient = str(parameters.required("patient"))
    if not _PATIENT.fullmatch(patient):
        raise bad_request("'patient' is written as Patient/[id].", "Parameters.parameter('patient')", "value")
    instrument = _instrument(str(parameters.required("instrument")))
    side = _one_of(parameters, "side", [side for side in SIDES if side != "neither"])
    region = _one_of(parameters, "region", list(screenings()))
    code = f"{SCORE}|{instrument.id}.{instrument.score.id}"
    found = await work.search(f"Observation?patient={patient}&code={code}")
    return trend_of(instrument, (score.content for score in found), side, region)


def _instrument(wanted: str) -> Instrument:
    for instrument in instruments().values():
        if wanted in (instrument.id, instrument.score.loinc):
            return instrument
    known = ", ".join(instruments())
    raise bad_request(f"'instrument' is one of {known}.", "Parameters.parameter('instrument')", "value")


def _one_of(parameters: Parameters, name: str, known: list[str]) -> str:
    wanted = parameters.one(name)
    if wanted is not None and wanted not in known:
        raise bad_request(
            f"'{name}' is one of {', '.join(known)}.", f"Parameters.parameter('{name}')", "value"
        )
    return wanted or ""
