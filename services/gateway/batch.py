"""A batch: each entry alone, those of one kind side by side.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

from services.gateway.entries import answer_entry
from services.gateway.gateway import Gateway
from services.gateway.validation import validate_entry
from telerehab.fhir.bundle import Entry, bundle, entry_of, listed_entries
from telerehab.fhir.bundle_writes import in_order, rank
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError
from telerehab.server.answers import failed, whole
from telerehab.server.interactions.batch import answered
from telerehab.server.position import tell_positions
from telerehab.server.request import FhirRequest, FhirResponse

SIDE_BY_SIDE = 8


async def batch(gateway: Gateway, request: FhirRequest, content: JsonObject) -> FhirResponse:
    """The answers to all entries, in their order; deletions are done first, then creations, updates, reads."""
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    answers: dict[int, FhirResponse] = {}
    entries: dict[int, Entry] = {}
    for index, given in enumerate(listed_entries(content)):
        try:
            entries[index] = _entry(gateway, index, given)
        except FhirError as error:
            answers[index] = failed(error)

    async def answer(entry: Entry) -> None:
        async with places:
            answers[entry.index] = await answer_entry(gateway, request, entry)

    for _, alike in groupby(in_order(list(entries.values())), rank):
        await asyncio.gather(*(answer(entry) for entry in alike))
    in_place = [(answers[index], entries.get(index)) for index in sorted(answers)]
    response = whole(bundle("batch-response", [answered(*answer) for answer in in_place]))
    return tell_positions(response, answers.values())


def _entry(gateway: Gateway, index: int, given: Any) -> Entry:
    entry = entry_of(index, given, gateway.base_url)
    validate_entry(index, given)
    return entry
