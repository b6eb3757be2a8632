"""Judging a prescription by what was heard, and proposing what follows: what handlers and periodic work share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from clinical.dose_rules import dose_rules
from services.exercise_prescription.domain.dose_extension import UnreadableDose
from services.exercise_prescription.domain.heard_log import HeardLog, identity, latest
from services.exercise_prescription.domain.prescribed import UnknownExercise, is_prescription, prescribed
from services.exercise_prescription.domain.progression import Verdict, evaluate
from services.exercise_prescription.domain.proposal import (
    decision_of,
    evidence_of,
    is_about,
    is_proposal,
    prescription_reference,
    proposal,
    proposed_dose,
    reason_of,
    with_evidence,
)
from services.exercise_prescription.domain.schedule import UnreadableTiming
from services.exercise_prescription.domain.situation import Known, NoStart, situation_of
from services.exercise_prescription.domain.terms import DECIDED
from services.exercise_prescription.lifecycles import is_programme
from services.exercise_prescription.projections.exercise_log import logs_of
from services.exercise_prescription.projections.safety_alert import has_open_alert
from telerehab.access import EVERYTHING
from telerehab.canonical import extension_value
from telerehab.change import values_at
from telerehab.engine import counter_key
from telerehab.fhir.json import JsonObject
from telerehab.fhir.search import parameter_hash
from telerehab.fhir.when import moment
from telerehab.references import id_at
from telerehab.resource import Resource
from telerehab.store.history import Scope
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Counter

VERSIONS = 500
FALLING = ("regress", "pause")
_NOT_JUDGED = (NoStart, UnknownExercise, UnreadableDose, UnreadableTiming)
"""Prescriptions that older rules let in, or none of ours: nobody's dose is guessed."""


async def propose(
    prescription_id: str,
    work: UnitOfWork,
    new_id: Callable[[], str],
    heard: Sequence[HeardLog] = (),
    *,
    falling_only: bool = False,
) -> None:
    """Judge the prescription with all logs known and `heard` now; drafts that no longer follow are withdrawn.

    `falling_only`: without a log, by time alone: nothing rises and nothing is withdrawn.
    """
    request = await work.read("ServiceRequest", prescription_id)
    if request is None or not is_prescription(request.content) or request.content["status"] != "active":
        return
    care_plan = await _programme(request.content, work)
    if care_plan is None:
        return
    await _alone(prescription_id, work)
    proposals = await _proposals(request, work)
    patient = id_at(request.content, "subject", "Patient")
    known = Known(
        await versions_of(request, work),
        care_plan,
        [*await logs_of(work.engine, prescription_id, patient, work.now), *heard],
        [one.content for one in proposals],
        await has_open_alert(patient, work),
        work.now,
    )
    try:
        verdict = evaluate(situation_of(known))
    except _NOT_JUDGED:
        return
    if falling_only and (
        verdict.decision not in FALLING or any(one.content["status"] == "draft" for one in proposals)
    ):
        return
    await _reconcile(request.content, verdict, known, proposals, work, new_id)


async def _reconcile(
    request: JsonObject,
    verdict: Verdict,
    known: Known,
    proposals: Sequence[Resource],
    work: UnitOfWork,
    new_id: Callable[[], str],
) -> None:
    """At most one draft for a prescription, the one that follows from what is known now."""
    wanted = verdict.decision in ("progress", "regress", "pause")
    mine = [one.content for one in proposals]
    evidence = _sources(known.logs, verdict)
    for group in (group for group in mine if group["status"] == "draft"):
        if wanted and _is_same(group, verdict) and is_about(group, request):
            wanted = False
            await work.put(with_evidence(group, evidence))
        else:
            await work.put({**group, "status": "revoked"})
    if wanted and not any(_answered(group, verdict, request, evidence, known) for group in mine):
        work.create(proposal(new_id(), request, prescribed(request), verdict, evidence, work.now))


def _is_same(group: JsonObject, verdict: Verdict) -> bool:
    said = (decision_of(group), reason_of(group), proposed_dose(group))
    return said == (verdict.decision, verdict.reason, verdict.dose)


def _answered(
    group: JsonObject, verdict: Verdict, request: JsonObject, evidence: Sequence[str], known: Known
) -> bool:
    """Whether a clinician has declined the same: for a progress this holds some days, else until there is news."""
    at = moment(extension_value(group, DECIDED))
    if (
        group["status"] != "revoked"
        or at is None
        or not _is_same(group, verdict)
        or not is_about(group, request)
    ):
        return False
    if verdict.decision == "progress":
        return known.now - at < timedelta(days=dose_rules().gate.days_between_steps)
    return set(evidence) <= set(evidence_of(group))


def _sources(logs: Sequence[HeardLog], verdict: Verdict) -> list[str]:
    """Where the logs that the verdict rests on are told, in order of time."""
    return [log.source for log in latest(logs) if identity(log) in verdict.evidence]


async def _alone(prescription_id: str, work: UnitOfWork) -> None:
    """Nobody else may judge the same prescription meanwhile: one of the two plans again."""
    key = counter_key(parameter_hash("ServiceRequest", "based-on"), f"ServiceRequest/{prescription_id}")
    for counted, value in (await work.engine.store.counters([key])).items():
        work.count(Counter(counted, value, bump=True))


async def _programme(request: JsonObject, work: UnitOfWork) -> JsonObject | None:
    for reference in values_at(request, "basedOn.reference"):
        type_, _, id_ = str(reference).partition("/")
        found = await work.read(type_, id_) if type_ == "CarePlan" else None
        if found is not None and is_programme(found.content):
            return found.content
    return None


async def _proposals(request: Resource, work: UnitOfWork) -> list[Resource]:
    """All that were ever made for the prescription."""
    found = await work.search(f"RequestGroup?subject={request.content['subject']['reference']}")
    return [
        one
        for one in found
        if is_proposal(one.content) and prescription_reference(one.content) == request.reference
    ]


async def versions_of(request: Resource, work: UnitOfWork) -> list[Resource]:
    """All that were active or on hold, oldest first; the draft before is not what anybody did."""
    page = await work.engine.store.history(Scope("ServiceRequest", request.id), EVERYTHING, count=VERSIONS)
    versions = [one.resource for one in reversed(page.versions) if not one.resource.deleted]
    begun = [one for one in versions if one.content["status"] != "draft"]
    return begun if begun and begun[-1].version == request.version else [*begun, request]
