"""FHIR dates and instants as aware datetimes, for domain code that calculates with time.

https://hl7.org/fhir/R4/datatypes.html#instant
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def moment(value: Any) -> datetime | None:
    """The moment, in UTC, of an instant or of a dateTime with time and zone; None for anything less exact."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):  # the first and last hours of the calendar lie outside it in UTC
        return None


def utc(value: datetime) -> str:
    """An instant in UTC, to the second where that loses nothing."""
    text = value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")
