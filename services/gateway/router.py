"""The gateway's own interactions: bundles, and what spans owners; every error leaves as an OperationOutcome.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.batch import batch
from services.gateway.destination import place_of
from services.gateway.gateway import Gateway
from services.gateway.reads import READS, Interaction
from services.gateway.system_validate import validate_any
from services.gateway.transaction import transaction
from services.gateway.validation import validate_batch, validate_transaction
from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError, bad_request, internal, not_allowed
from telerehab.observability import Log, current_request
from telerehab.rpc.deadlines import REQUEST_SECONDS, within
from telerehab.server.answers import failed
from telerehab.server.negotiation import pretty, require_acceptable
from telerehab.server.request import FhirRequest, FhirResponse

_log = Log(__name__)


async def batch_or_transaction(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """A Bundle of requests: each alone, or all or nothing."""
    bundle = request.content()
    if bundle["resourceType"] != "Bundle":
        raise bad_request("Only a Bundle is posted to the base; a resource goes to its type.", "resourceType")
    match bundle.get("type"):
        case "batch":
            validate_batch(bundle)
            if (work := current_request()) is not None:
                work.interaction = "batch"
            return await batch(gateway, request, bundle)
        case "transaction":
            validate_transaction(bundle)
            return await transaction(gateway, request, bundle)
    raise bad_request("The Bundle's type must be 'batch' or 'transaction'.", "Bundle.type", "value")


ROUTES: Mapping[str, Mapping[str, Interaction]] = {
    **READS,
    "$validate": {"POST": Interaction("operation", validate_any)},
    "": {**READS[""], "POST": Interaction("transaction", batch_or_transaction)},
}


async def handle(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """Answer a request for one of the gateway's own places; never raises for what a client sends."""
    try:
        require_acceptable(request.headers.get("accept", ""), request.one("_format"))
        is_pretty = pretty(request.one("_pretty"))
        with within(REQUEST_SECONDS):
            response = await _find(request).answer(gateway, request)
    except FhirError as error:
        return failed(error)
    except Exception as error:
        _log.error("interaction.failed", error)
        return failed(internal(request.caller.request_id))
    if is_pretty and response.body:
        response.body = json.dump(json.parse(response.body), pretty=True)
    return response


def _find(request: FhirRequest) -> Interaction:
    place = place_of(request.path)
    assert place is not None  # routing has seen to it
    methods = ROUTES[place]
    interaction = methods.get("GET" if request.method == "HEAD" else request.method)
    if interaction is None:
        raise not_allowed(request.method, [*methods, *(["HEAD"] if "GET" in methods else [])])
    if (work := current_request()) is not None:
        work.interaction = interaction.name
        work.type = request.path[0] if len(request.path) > 1 else ""
    return interaction
