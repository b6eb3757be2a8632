"""records: identity of people and places, and whatever else the hospital sends, kept faithfully."""

from __future__ import annotations

from services.records.operations.document import document
from services.records.operations.expand import expand
from services.records.operations.lookup import lookup
from services.records.operations.match import match
from services.records.operations.subsumes import subsumes
from services.records.operations.validate_code import validate_code_in_code_system, validate_code_in_value_set
from services.records.rules.merge_is_announced import merge_is_announced
from telerehab.service import Service

service = Service(
    "records",
    rules=[merge_is_announced],
    operations=[
        expand,
        validate_code_in_value_set,
        validate_code_in_code_system,
        lookup,
        subsumes,
        match,
        document,
    ],
)
