"""search within a compartment: `Patient/1/Observation` for one type, `Patient/1/*` for all that can be in it.

https://hl7.org/fhir/R4/search.html#searchcontexts
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.search.query import SYSTEM
from telerehab.server.interactions.search_type import asked
from telerehab.server.page import answer_page
from telerehab.server.request import FhirRequest, FhirResponse

ALL = "*"


async def search_compartment(engine: Engine, request: FhirRequest) -> FhirResponse:
    name, id_, of, *_ = request.path
    type_ = SYSTEM if of == ALL else of
    return await answer_page(engine, request, asked(request), type_, f"{name}/{id_}")
