"""search over all types of this service, or those that `_type` names, by GET or by POST to _search.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.search.query import SYSTEM
from telerehab.server.interactions.search_type import asked
from telerehab.server.page import answer_page
from telerehab.server.request import FhirRequest, FhirResponse


async def search_system(engine: Engine, request: FhirRequest) -> FhirResponse:
    return await answer_page(engine, request, asked(request), SYSTEM)
