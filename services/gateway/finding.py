"""What search criteria in a bundle find, asked of the owners of their types.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from telerehab.access import Caller
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.outcome import unknown_type
from telerehab.owners import owner_of
from telerehab.rpc.neighbours import Neighbours
from telerehab.server.criteria import no_reference

Found = Mapping[str, Sequence[str]]
"""Ids by criteria ("Patient?identifier=1"), two at most."""


async def find(neighbours: Neighbours, caller: Caller, base_url: str, asked: Iterable[str]) -> Found:
    """What each of the criteria finds; 404 for a type that there is not."""
    by_owner: dict[str, list[str]] = {}
    for criteria in asked:
        type_ = criteria.partition("?")[0]
        if type_ not in resource_types():
            raise unknown_type(type_)
        by_owner.setdefault(owner_of(type_), []).append(criteria)
    answers = await asyncio.gather(
        *(neighbours.owner(name).resolve(listed, caller, base_url) for name, listed in by_owner.items())
    )
    return {
        criteria: ids
        for listed, answer in zip(by_owner.values(), answers, strict=True)
        for criteria, ids in zip(listed, answer, strict=True)
    }


def only_found(reference: str, ids: Sequence[str]) -> str:
    """What a reference by criteria is to ("Patient/1"); 412 unless exactly one resource was found."""
    type_ = reference.partition("?")[0]
    if len(ids) != 1:
        raise no_reference(type_, len(ids))
    return f"{type_}/{ids[0]}"
