"""exercise_prescription: what the patient does between visits, and when it gets harder or easier."""

from __future__ import annotations

from pathlib import Path

from services.exercise_prescription import lifecycles
from services.exercise_prescription.domain.activity_definitions import activity_definitions
from services.exercise_prescription.domain.plan_definitions import plan_definitions
from services.exercise_prescription.handlers.hear_exercise_log import keep_exercise_log, propose_dose
from services.exercise_prescription.handlers.hear_safety_alert import allow_progress, stop_progress
from services.exercise_prescription.operations.activate import activate
from services.exercise_prescription.operations.adherence import adherence
from services.exercise_prescription.operations.apply import apply
from services.exercise_prescription.operations.check_form import check_form
from services.exercise_prescription.operations.decide import decide
from services.exercise_prescription.periodic.look_for_gaps import look_for_gaps
from services.exercise_prescription.projections.exercise_log import exercise_log
from services.exercise_prescription.projections.safety_alert import safety_alert
from services.exercise_prescription.rules.goals_follow_their_programme import goals_follow_their_programme
from services.exercise_prescription.rules.nothing_begins_against_a_danger_sign import (
    no_exercise_begins_against_a_danger_sign,
    no_programme_begins_against_a_danger_sign,
)
from services.exercise_prescription.rules.prescription_stays_within_bounds import (
    prescription_stays_within_bounds,
)
from services.exercise_prescription.rules.prescriptions_follow_their_programme import (
    prescriptions_follow_their_programme,
)
from services.exercise_prescription.rules.programme_change_is_announced import programme_change_is_announced
from services.exercise_prescription.rules.programme_follows_its_prescriptions import (
    programme_follows_its_prescriptions,
)
from services.exercise_prescription.rules.programme_is_activated_by_a_named_clinician import (
    programme_is_activated_by_a_named_clinician,
)
from services.exercise_prescription.rules.proposal_is_decided_by_a_named_clinician import (
    accepted_proposal_changes_its_prescription,
    proposal_is_decided_by_a_named_clinician,
    proposal_to_raise_a_dose_follows_from_logs,
)
from services.exercise_prescription.rules.what_is_ours_stays_so import what_is_ours_stays_so
from telerehab.service import Service

service = Service(
    "exercise_prescription",
    lifecycles=[lifecycles.programme, lifecycles.prescription, lifecycles.proposal],
    rules=[
        what_is_ours_stays_so,
        prescription_stays_within_bounds,
        programme_is_activated_by_a_named_clinician,
        no_programme_begins_against_a_danger_sign,
        no_exercise_begins_against_a_danger_sign,
        prescriptions_follow_their_programme,
        goals_follow_their_programme,
        programme_follows_its_prescriptions,
        proposal_to_raise_a_dose_follows_from_logs,
        proposal_is_decided_by_a_named_clinician,
        accepted_proposal_changes_its_prescription,
        programme_change_is_announced,
    ],
    projections=[exercise_log, safety_alert],
    operations=[apply, activate, decide, check_form, adherence],
    handlers=[keep_exercise_log, propose_dose, stop_progress, allow_progress],
    periodic=[look_for_gaps],
    migrations=Path(__file__).parent / "migrations",
    content=[activity_definitions, plan_definitions],
)
