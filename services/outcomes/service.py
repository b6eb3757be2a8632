"""outcomes: what was measured, what it means, who must act on it by when."""

from __future__ import annotations

from services.outcomes.rules.red_flag_raises_an_alert import red_flag_raises_an_alert
from services.outcomes.rules.screening_is_announced import screening_is_announced
from telerehab.service import Service

service = Service("outcomes", rules=[red_flag_raises_an_alert, screening_is_announced])
