"""capabilities: what this service does, as a CapabilityStatement.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.resource import instant
from telerehab.server import router
from telerehab.server.capability_statement import capability_statement
from telerehab.server.negotiation import FHIR_JSON
from telerehab.server.request import FhirRequest, FhirResponse

if TYPE_CHECKING:
    from telerehab.engine import Engine
    from telerehab.service import Service

STARTED = instant(datetime.now(UTC))


async def capabilities(engine: Engine, request: FhirRequest) -> FhirResponse:
    if request.one("mode") not in (None, "full"):
        told = "There is one statement, that of mode 'full'."
        raise FhirError(400, [Issue("not-supported", told, "mode")])
    body = _statement(_Same(engine.service), request.base_url)
    return FhirResponse(200, {"content-type": FHIR_JSON}, body)


class _Same:
    """A service, equal to itself only: services hold mappings and have no hash."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.service is self.service

    def __hash__(self) -> int:
        return id(self.service)


@lru_cache(maxsize=16)
def _statement(same: _Same, base_url: str) -> bytes:
    service = same.service
    content = capability_statement(
        [service],
        of_types=router.codes(on_types=True),
        of_system=router.codes(on_types=False),
        conditional=router.conditional(),
        base_url=base_url,
        date=STARTED,
        name=f"The service '{service.name}' of a telerehabilitation platform",
    )
    return json.dump(content)
