"""Responses as a patient's app would send them, from the answers that worked cases state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from clinical.instruments import Instrument, Item
from services.outcomes.domain.codes import ANSWER
from services.outcomes.domain.questionnaires import canonical
from telerehab.canonical import EXERCISE_LOG, HOME_LOG, SYMPTOM
from telerehab.fhir.json import JsonObject

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def answer(instrument: Instrument, item: Item, stated: Any) -> JsonObject:
    """The answer that a case means by a number or a tick; a number no option has is an option that does not exist."""
    if item.type == "boolean":
        return {"valueBoolean": stated} if isinstance(stated, bool) else {"valueInteger": int(stated)}
    if item.type == "integer":
        return {"valueInteger": int(stated)}
    assert item.scale is not None
    options = {option.score: option.code for option in instrument.scale[item.scale]}
    return {
        "valueCoding": {"system": ANSWER, "code": f"{item.scale}.{options.get(Decimal(stated), 'no-such')}"}
    }


def response(
    name: str,
    items: Iterable[JsonObject] = (),
    *,
    version: str = "1.0.0",
    status: str = "completed",
    **more: Any,
) -> JsonObject:
    """A response of Patient/p1 to the Questionnaire `name`."""
    content: JsonObject = {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "questionnaire": f"{canonical(name)}|{version}" if version else canonical(name),
        "status": status,
        "subject": {"reference": "Patient/p1"},
        "authored": "2026-03-03T10:00:00+01:00",
        **more,
    }
    listed = list(items)
    return {**content, "item": listed} if listed else content


def answered(instrument: Instrument, answers: Iterable[Any], **more: Any) -> JsonObject:
    """A response with these answers to the scored items; None is a blank."""
    pairs = zip(instrument.scored(), answers, strict=True)
    items = [
        {"linkId": item.link_id, "answer": [answer(instrument, item, stated)]}
        for item, stated in pairs
        if stated is not None
    ]
    return response(instrument.id, items, **{"version": instrument.version, **more})


def ticks(name: str, said: Mapping[str, Any], **more: Any) -> JsonObject:
    """A response to a screening: linkId to true, false or another answer."""
    items = [
        {"linkId": link_id, "answer": [{"valueBoolean": one} if isinstance(one, bool) else one]}
        for link_id, one in said.items()
    ]
    return response(f"red-flags-{name}", items, **more)


def component(code: str, **value: Any) -> JsonObject:
    return {"code": {"coding": [{"system": HOME_LOG, "code": code}]}, **value}


def symptom(code: str) -> JsonObject:
    """The component that names a symptom."""
    return component("symptom", valueCodeableConcept={"coding": [{"system": SYMPTOM, "code": code}]})


def home_log(told: Mapping[str, int], symptoms: Iterable[JsonObject] = (), **changed: Any) -> JsonObject:
    """A log of an exercise of Patient/p1, with these components."""
    components = [component(code, valueInteger=value) for code, value in told.items()]
    content = {
        "resourceType": "Observation",
        "id": "o1",
        "meta": {"profile": [EXERCISE_LOG]},
        "identifier": [{"system": "urn:app", "value": "log-1"}],
        "basedOn": [{"reference": "ServiceRequest/s1"}, {"reference": "CarePlan/c1"}],
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "activity"}]}],
        "code": {"coding": [{"system": HOME_LOG, "code": "exercise-log"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-03-09T08:00:00+01:00",
        "component": [*components, *symptoms],
        **changed,
    }
    return {name: value for name, value in content.items() if value not in (None, [])}
