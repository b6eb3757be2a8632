"""A batch: each entry alone, those of one kind side by side.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import asyncio
from itertools import groupby

from services.gateway.entries import answer_entry
from services.gateway.gateway import Gateway
from telerehab.fhir.bundle import Entry, bundle, entries_of
from telerehab.fhir.bundle_writes import in_order, rank
from telerehab.fhir.json import JsonObject
from telerehab.server.answers import whole
from telerehab.server.request import FhirRequest, FhirResponse

SIDE_BY_SIDE = 8


async def batch(gateway: Gateway, request: FhirRequest, content: JsonObject) -> FhirResponse:
    """The answers to all entries, in their order; deletions are done first, then creations, updates, reads."""
    entries = entries_of(content, gateway.base_url)
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    answered: dict[int, JsonObject] = {}

    async def answer(entry: Entry) -> None:
        async with places:
            answered[entry.index] = await answer_entry(gateway, request, entry)

    for _, alike in groupby(in_order(entries), rank):
        await asyncio.gather(*(answer(entry) for entry in alike))
    return whole(bundle("batch-response", [answered[entry.index] for entry in entries]))
