"""Places where a healthcare service is provided: no rooms, so that many can be there at once."""

from __future__ import annotations

from collections.abc import Iterator

from telerehab.projection import Row, projection
from telerehab.references import references_at
from telerehab.resource import Resource


@projection("HealthcareService", table="shared_place")
def shared_place(service: Resource) -> Iterator[Row]:
    """A row for every location of the service."""
    for reference in references_at(service.content, "location"):
        yield {"actor": reference}
