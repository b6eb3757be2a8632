"""batch and transaction: a Bundle of requests, each alone or all or nothing.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.outcome import FhirError, bad_request
from telerehab.observability import current_request
from telerehab.server import audit
from telerehab.server.interactions.batch import batch
from telerehab.server.interactions.transaction import transaction
from telerehab.server.request import FhirRequest, FhirResponse


async def batch_or_transaction(engine: Engine, request: FhirRequest) -> FhirResponse:
    bundle = request.content()
    if bundle["resourceType"] != "Bundle":
        raise bad_request("Only a Bundle is posted to the base; a resource goes to its type.", "resourceType")
    match bundle.get("type"):
        case "batch":
            if (work := current_request()) is not None:
                work.interaction = "batch"
            return await batch(engine, request, bundle)
        case "transaction":
            try:
                return await transaction(engine, request, bundle)
            except FhirError as error:
                await audit.transaction_refused(engine, request.caller, error.status)
                raise
    raise bad_request("The Bundle's type must be 'batch' or 'transaction'.", "Bundle.type", "value")
