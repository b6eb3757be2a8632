"""Which home logs have arrived, with the constraint that one that is sent twice is one."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.home_log import identifiers, is_home_log
from telerehab.change import Refuse
from telerehab.projection import Row, projection
from telerehab.resource import Resource

KNOWN = Refuse(
    "A log with this identifier is there already; send it with If-None-Exist to be answered the first one.",
    "Observation.identifier",
    code="duplicate",
    status=409,
)


@projection("Observation", table="home_log", violations={"home_log_once": KNOWN})
def home_log(observation: Resource) -> Iterator[Row]:
    """A row for each identifier of a log that stands."""
    content = observation.content
    if is_home_log(content) and content["status"] != "entered-in-error":
        patient = str(content["subject"]["reference"])
        for system, value in dict.fromkeys(identifiers(content)):
            yield {"patient": patient, "system": system, "value": value}
