"""session: what happens in and around a visit."""

from __future__ import annotations

from services.session import lifecycles
from services.session.handlers.alert_care_team import alert_care_team
from services.session.handlers.cancel_encounter import cancel_encounter
from services.session.handlers.close_alert import close_alert
from services.session.handlers.close_missed_encounter import close_missed_encounter
from services.session.handlers.move_encounter import move_encounter
from services.session.handlers.note_pain import note_pain
from services.session.handlers.note_screening import note_screening
from services.session.handlers.plan_encounter import plan_encounter
from services.session.handlers.remind_care_team import remind_care_team
from services.session.handlers.tell_patient import tell_patient
from services.session.operations.check_in import check_in
from services.session.operations.confirm_safety import confirm_safety
from services.session.operations.finish import finish
from services.session.operations.start import start
from services.session.rules.confirmed_consent_is_on_file import confirmed_consent_is_on_file
from services.session.rules.visit_is_announced import visit_is_announced
from services.session.rules.visit_starts_only_safely import visit_starts_only_safely
from services.session.rules.visit_stays_a_visit import visit_stays_a_visit
from services.session.rules.visit_that_runs_has_its_times import visit_that_runs_has_its_times
from services.session.rules.what_was_heard_is_nobodys_to_write import what_was_heard_is_nobodys_to_write
from services.session.rules.who_confirms_is_known import who_confirms_is_known
from telerehab.service import Service

service = Service(
    "session",
    lifecycles=[
        lifecycles.visit,
        lifecycles.alert_message,
        lifecycles.alert_reminder,
        lifecycles.heard_screening,
        lifecycles.heard_pain,
        lifecycles.programme_message,
    ],
    rules=[
        visit_stays_a_visit,
        visit_starts_only_safely,
        who_confirms_is_known,
        confirmed_consent_is_on_file,
        visit_that_runs_has_its_times,
        visit_is_announced,
        what_was_heard_is_nobodys_to_write,
    ],
    operations=[check_in, confirm_safety, start, finish],
    handlers=[
        plan_encounter,
        move_encounter,
        cancel_encounter,
        close_missed_encounter,
        note_screening,
        note_pain,
        alert_care_team,
        remind_care_team,
        close_alert,
        tell_patient,
    ],
)
