"""The history of the whole system.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from services.gateway.gateway import Gateway
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.owners import SERVICES
from telerehab.server.request import FhirRequest, FhirResponse


async def system_history(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """Refused: the services count their versions apart; each tells its own history, by type or whole."""
    told = f"There is no history over all services; ask by type, or each of them: {', '.join(SERVICES)}."
    raise FhirError(422, [Issue("not-supported", told)])
