"""outcomes: what was measured, what it means, who must act on it by when."""

from __future__ import annotations

from pathlib import Path

from services.outcomes import lifecycles
from services.outcomes.domain.questionnaires import questionnaires
from services.outcomes.handlers.ask_after_visit import ask_after_visit
from services.outcomes.handlers.ask_before_visit import ask_before_visit
from services.outcomes.handlers.cancel_questionnaires import cancel_questionnaires
from services.outcomes.handlers.close_missed_questionnaires import close_missed_questionnaires
from services.outcomes.handlers.move_questionnaires import move_questionnaires
from services.outcomes.operations.lastn import lastn
from services.outcomes.operations.trend import trend
from services.outcomes.periodic.escalate_overdue_alerts import escalate_overdue_alerts
from services.outcomes.projections.home_log import home_log
from services.outcomes.projections.open_alert import open_alert
from services.outcomes.rules.alert_is_announced import alert_is_announced
from services.outcomes.rules.alert_is_closed_by_a_named_human import alert_is_closed_by_a_named_human
from services.outcomes.rules.answered_questionnaire_is_no_longer_due import (
    answered_questionnaire_is_no_longer_due,
)
from services.outcomes.rules.exercise_log_is_announced import exercise_log_is_announced
from services.outcomes.rules.grave_answer_raises_an_alert import grave_answer_raises_an_alert
from services.outcomes.rules.home_log_is_understood import home_log_is_understood
from services.outcomes.rules.home_log_raises_an_alert import home_log_raises_an_alert
from services.outcomes.rules.red_flag_raises_an_alert import red_flag_raises_an_alert
from services.outcomes.rules.response_fits_its_questionnaire import response_fits_its_questionnaire
from services.outcomes.rules.score_follows_from_its_answers import score_follows_from_its_answers
from services.outcomes.rules.score_is_announced import score_is_announced
from services.outcomes.rules.screening_is_announced import screening_is_announced
from services.outcomes.rules.submitted_response_is_scored import submitted_response_is_scored
from telerehab.service import Service

service = Service(
    "outcomes",
    lifecycles=[lifecycles.alert, lifecycles.due_questionnaire],
    rules=[
        response_fits_its_questionnaire,
        red_flag_raises_an_alert,
        grave_answer_raises_an_alert,
        screening_is_announced,
        alert_is_closed_by_a_named_human,
        alert_is_announced,
        submitted_response_is_scored,
        score_follows_from_its_answers,
        score_is_announced,
        answered_questionnaire_is_no_longer_due,
        home_log_is_understood,
        home_log_raises_an_alert,
        exercise_log_is_announced,
    ],
    projections=[open_alert, home_log],
    operations=[trend, lastn],
    handlers=[
        ask_before_visit,
        move_questionnaires,
        cancel_questionnaires,
        close_missed_questionnaires,
        ask_after_visit,
    ],
    periodic=[escalate_overdue_alerts],
    migrations=Path(__file__).parent / "migrations",
    content=[questionnaires],
)
