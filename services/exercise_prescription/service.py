"""exercise_prescription: what the patient does between visits, and when it gets harder or easier."""

from __future__ import annotations

from services.exercise_prescription import lifecycles
from services.exercise_prescription.rules.programme_change_is_announced import programme_change_is_announced
from telerehab.service import Service

service = Service(
    "exercise_prescription",
    lifecycles=[lifecycles.programme],
    rules=[programme_change_is_announced],
)
