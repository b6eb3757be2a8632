"""A score that was recorded is said, also that there is none and why, and that one was withdrawn."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.codes import SCORE
from services.outcomes.domain.score_observation import SCORE_PROFILE
from telerehab.canonical import has_profile
from telerehab.change import Change, Emit, Verdict, rule, values_at
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ScoreRecorded
from telerehab.references import id_at


def is_score(change: Change) -> bool:
    """Whether a score that was computed here is written."""
    return change.after is not None and has_profile(change.after.content, SCORE_PROFILE)


@rule("Observation", when=is_score)
def score_is_announced(change: Change) -> Iterator[Verdict]:
    """Each version; a score that is the same as before has none."""
    score = change.content
    quantity = score.get("valueQuantity", {})
    effective = moment(score.get("effectiveDateTime"))
    yield Emit(
        ScoreRecorded(
            observation_id=change.subject.id,
            observation_version=change.version,
            patient_id=id_at(score, "subject", "Patient"),
            code_system=SCORE,
            code=next((str(one.get("code")) for one in _codings(score) if one.get("system") == SCORE), ""),
            value=format(quantity["value"], "f") if "value" in quantity else "",
            unit=quantity.get("code", ""),
            effective=timestamp(effective) if effective else None,
            questionnaire_response_id=_id(score, "derivedFrom.reference", "QuestionnaireResponse/"),
            encounter_id=_id(score, "encounter.reference", "Encounter/"),
            absent_reason=next(iter(values_at(score, "dataAbsentReason.coding.code")), ""),
            status=score["status"],
        )
    )


def _codings(score: JsonObject) -> list[JsonObject]:
    return values_at(score, "code.coding")


def _id(score: JsonObject, path: str, type_: str) -> str:
    references = (str(one) for one in values_at(score, path))
    return next((one.removeprefix(type_) for one in references if one.startswith(type_)), "")
