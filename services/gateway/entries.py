"""One entry of a bundle as a request of its own: asked of its owner, or of the gateway if it spans owners.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from datetime import UTC

from services.gateway.destination import owner_at, place_of
from services.gateway.finding import find, only_found
from services.gateway.gateway import Gateway
from services.gateway.reads import READS
from telerehab.fhir.bundle import Entry
from telerehab.fhir.outcome import FhirError, internal, not_allowed
from telerehab.observability import Log
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.rpc.encoding import encode_caller
from telerehab.server.answers import failed
from telerehab.server.interactions.batch import pointed, references_by_criteria, request_of
from telerehab.server.request import FhirRequest, FhirResponse

_log = Log(__name__)


async def answer_entry(gateway: Gateway, bundle: FhirRequest, entry: Entry) -> FhirResponse:
    """What the entry's request is answered, also where something goes wrong."""
    try:
        return await _answer(gateway, request_of(await _pointed(gateway, bundle, entry), bundle))
    except FhirError as error:
        return failed(error)
    except Exception as error:
        _log.error("interaction.failed", error)
        return failed(internal(bundle.caller.request_id))


async def _pointed(gateway: Gateway, bundle: FhirRequest, entry: Entry) -> Entry:
    """The entry with its references by criteria made references to what their owners find; 412 for none or several."""
    wanted = references_by_criteria(entry)
    if not wanted:
        return entry
    found = await find(gateway.neighbours, bundle.caller, gateway.base_url, wanted)
    return pointed(entry, {reference: only_found(reference, found[reference]) for reference in wanted})


async def _answer(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    place = place_of(request.path)
    if place is None:
        return await ask_owner(gateway, owner_at(request.path), request)
    read = READS.get(place, {}).get("GET" if request.method == "HEAD" else request.method)
    if read is None:
        raise not_allowed(request.method, list(READS.get(place, ())))
    return await read.answer(gateway, request)


async def ask_owner(gateway: Gateway, owner: str, request: FhirRequest) -> FhirResponse:
    """What `owner` answers to a request; FhirError 503 if it is down."""
    response = await gateway.neighbours.owner(owner).handle(
        pb.HandleRequest(
            caller=encode_caller(request.caller),
            method=request.method,
            base_url=request.base_url,
            path=request.path,
            query=[pb.Pair(name=name, value=value) for name, value in request.query],
            headers=[pb.Pair(name=name, value=value) for name, value in request.headers.items()],
            body=request.body,
        )
    )
    moment = response.last_updated.ToDatetime(UTC) if response.HasField("last_updated") else None
    headers = {pair.name: pair.value for pair in response.headers}
    return FhirResponse(response.status, headers, response.body, moment)
