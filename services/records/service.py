"""records: identity of people and places, and whatever else the hospital sends, kept faithfully."""

from __future__ import annotations

from services.records.rules.merge_is_announced import merge_is_announced
from telerehab.service import Service

service = Service("records", rules=[merge_is_announced])
