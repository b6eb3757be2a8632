"""search: one page of the resources of a type that match, by GET or by POST to _search.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.outcome import bad_request
from telerehab.server.negotiation import require_form
from telerehab.server.page import answer_page
from telerehab.server.request import FhirRequest, FhirResponse, Pairs, decoded_pairs


async def search_type(engine: Engine, request: FhirRequest) -> FhirResponse:
    return await answer_page(engine, request, request.query)


async def search_type_by_form(engine: Engine, request: FhirRequest) -> FhirResponse:
    return await answer_page(engine, request, [*request.query, *form(request)])


def form(request: FhirRequest) -> Pairs:
    """The parameters in the body of a search; 415 for another body than a form."""
    if not request.body:
        return ()
    require_form(request.headers.get("content-type", ""))
    try:
        return decoded_pairs(request.body.decode())
    except UnicodeDecodeError:
        raise bad_request("The form is not valid UTF-8.") from None
