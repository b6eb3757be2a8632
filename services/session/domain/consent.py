"""Whether a Consent is in force: active, no refusal, within its period.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from telerehab.fhir.json import JsonObject
from telerehab.fhir.search.types.date import covered


def is_in_force(consent: JsonObject, now: datetime) -> bool:
    """A period given as days, months or years holds from the beginning of the first to the end of the last, in UTC."""
    provision = consent.get("provision", {})
    permits = consent.get("status") == "active" and provision.get("type") != "deny"
    return permits and _holds(provision.get("period", {}), now)


def _holds(period: dict[str, Any], now: datetime) -> bool:
    start, end = period.get("start"), period.get("end")
    try:
        begun = start is None or covered(str(start))[0] <= now
        return begun and (end is None or now < covered(str(end))[1])
    except ValueError:
        return False
