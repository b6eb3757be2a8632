"""Every red-flag screening is said with its result, clear or not, so that nobody has to guess that it was clear."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.red_flags import is_complete, raised, screening_id
from telerehab.change import Change, Emit, Verdict, rule
from telerehab.event import timestamp
from telerehab.fhir.when import moment
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import RedFlagScreened
from telerehab.references import id_at
from telerehab.resource import Resource

DONE = ("completed", "amended")
CLEAR, INCOMPLETE, WITHDRAWN = "clear", "incomplete", "withdrawn"


def is_screening(change: Change) -> bool:
    """Whether the answers are to a screening of ours, or were before this change."""
    return any(screening_id(each.content) for each in (change.before, change.after) if each)


@rule("QuestionnaireResponse", when=is_screening)
def screening_is_announced(change: Change) -> Iterator[Verdict]:
    """Each version, because whoever relies on a clear screening must hear that it no longer is."""
    response = change.content
    authored = moment(response.get("authored"))
    yield Emit(
        RedFlagScreened(
            questionnaire_response_id=change.subject.id,
            questionnaire_response_version=change.version,
            patient_id=id_at(response, "subject", "Patient"),
            screening=_screening(change),
            level=level(change.after),
            screened=timestamp(min(authored, change.now)) if authored else None,
        )
    )


def level(response: Resource | None) -> str:
    """What the answers show: clear only if they are final, dated, and every question was answered no."""
    if response is None or response.content["status"] == "entered-in-error":
        return WITHDRAWN
    if not screening_id(response.content):
        return WITHDRAWN
    flags = raised(response.content)
    if flags:
        return flags[0].level.name
    final = response.content["status"] in DONE and moment(response.content.get("authored")) is not None
    return CLEAR if final and is_complete(response.content) else INCOMPLETE


def _screening(change: Change) -> str:
    contents = (each.content for each in (change.after, change.before) if each)
    return next(filter(None, map(screening_id, contents)), "")
