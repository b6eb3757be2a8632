"""session: what happens in and around a visit."""

from __future__ import annotations

from services.session import lifecycles
from services.session.handlers.cancel_encounter import cancel_encounter
from services.session.handlers.close_missed_encounter import close_missed_encounter
from services.session.handlers.move_encounter import move_encounter
from services.session.handlers.plan_encounter import plan_encounter
from services.session.operations.check_in import check_in
from services.session.operations.finish import finish
from services.session.operations.start import start
from services.session.rules.visit_is_announced import visit_is_announced
from services.session.rules.visit_that_runs_has_its_times import visit_that_runs_has_its_times
from telerehab.service import Service

service = Service(
    "session",
    lifecycles=[lifecycles.visit],
    rules=[visit_that_runs_has_its_times, visit_is_announced],
    operations=[check_in, start, finish],
    handlers=[plan_encounter, move_encounter, cancel_encounter, close_missed_encounter],
)
