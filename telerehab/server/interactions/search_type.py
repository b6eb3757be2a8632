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
    return await answer_page(engine, request, asked(request), request.type)


def asked(request: FhirRequest) -> Pairs:
    """The parameters of a search, in the URL and in the body; 415 for another body than a form."""
    if request.method != "POST" or not request.body:
        return request.query
    require_form(request.headers.get("content-type", ""))
    try:
        return [*request.query, *decoded_pairs(request.body.decode())]
    except UnicodeDecodeError:
        raise bad_request("The form is not valid UTF-8.") from None
