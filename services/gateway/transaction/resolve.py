"""First step: what search criteria find, which id each entry writes, what its references come to.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from telerehab import identity
from telerehab.access import Caller
from telerehab.fhir.bundle_references import Links, conditional_references, rewrite
from telerehab.fhir.bundle_writes import EntryWrite, refuse_overlaps
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, multiple_matches, unknown_type
from telerehab.owners import owner_of
from telerehab.resource import with_id
from telerehab.rpc.neighbours import Neighbours

Found = Mapping[str, Sequence[str]]
"""Ids by criteria ("Patient?identifier=1"), two at most."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A write whose id is known; `content` has it, and references that hold after the commit.

    `matched` says that its criteria have found `id`; `id` is "" where they found nothing to delete.
    """

    write: EntryWrite
    id: str
    matched: bool
    content: JsonObject | None

    @property
    def type(self) -> str:
        return self.write.type

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"

    @property
    def changes(self) -> bool:
        """Whether there is anything to write: not for a conditional create that matched, nor a deletion of nothing."""
        return self.id != "" and not (self.matched and self.write.method == "POST")


async def resolve(
    neighbours: Neighbours, caller: Caller, base_url: str, writes: Sequence[EntryWrite]
) -> list[Placed]:
    """Place all writes; raises FhirError located at the entry: 412 for several matches, 422 for doubled writes."""
    found = await _ask(neighbours, caller, base_url, _criteria(writes))
    placed = [_place(write, found) for write in writes]
    refuse_overlaps(replace(each.write, id=each.id) for each in placed if each.id)
    links = Links()
    for write in placed:
        if write.write.entry.full_url and write.id:
            links.add(write.write.entry.full_url, write.reference)
    return [_linked(write, links, found) for write in placed]


def criteria_of(write: EntryWrite) -> str:
    return f"{write.type}?{write.criteria}"


def _criteria(writes: Sequence[EntryWrite]) -> dict[str, EntryWrite]:
    """All criteria, each with the first write that has it; a condition may be given to one write only."""
    asked: dict[str, EntryWrite] = {}
    for write in writes:
        if write.criteria is not None:
            first = asked.setdefault(criteria_of(write), write)
            if first is not write:
                told = f"Entry {first.entry.index} has the same criteria."
                raise FhirError(422, [Issue("duplicate", told, write.entry.where)])
    for write in writes:
        for reference in conditional_references(write.content or {}):
            if reference.partition("?")[0] not in resource_types():
                raise unknown_type(reference.partition("?")[0]).at(write.entry.where)
            asked.setdefault(reference, write)
    return asked


async def _ask(
    neighbours: Neighbours, caller: Caller, base_url: str, asked: Mapping[str, EntryWrite]
) -> Found:
    by_owner: dict[str, list[str]] = {}
    for criteria in asked:
        by_owner.setdefault(owner_of(criteria.partition("?")[0]), []).append(criteria)
    answers = await asyncio.gather(
        *(neighbours.owner(name).resolve(listed, caller, base_url) for name, listed in by_owner.items())
    )
    return {
        criteria: ids
        for listed, answer in zip(by_owner.values(), answers, strict=True)
        for criteria, ids in zip(listed, answer, strict=True)
    }


def _place(write: EntryWrite, found: Found) -> Placed:
    if write.method == "PATCH":
        told = "PATCH is not supported in a transaction."
        raise FhirError(422, [Issue("not-supported", told, f"{write.entry.where}.request.method")])
    if write.criteria is None:
        return Placed(write, write.id or identity.new_id(), False, write.content)
    ids = found[criteria_of(write)]
    if len(ids) > 1:
        raise multiple_matches(write.type).at(write.entry.where)
    if ids:
        _check_own_id(write, ids[0])
        return Placed(write, ids[0], True, write.content)
    if write.method == "DELETE":
        return Placed(write, "", False, None)
    own_id = (write.content or {}).get("id")
    return Placed(write, own_id if isinstance(own_id, str) else identity.new_id(), False, write.content)


def _check_own_id(write: EntryWrite, id_: str) -> None:
    """A conditional update may name the id that its criteria find, and no other."""
    own_id = (write.content or {}).get("id")
    if write.method == "PUT" and own_id not in (None, id_):
        told = "The criteria find a resource with another id."
        raise FhirError(400, [Issue("value", told, f"{write.entry.where}.resource.id")])


def _linked(placed: Placed, links: Links, found: Found) -> Placed:
    if placed.content is None:
        return placed
    named = dict(links.seen_from(placed.write.entry.full_url))
    for reference in conditional_references(placed.content):
        named[reference] = f"{reference.partition('?')[0]}/{_only(found[reference], placed)}"
    content = rewrite(with_id(placed.content, placed.id), named)
    return Placed(placed.write, placed.id, placed.matched, content)


def _only(ids: Sequence[str], placed: Placed) -> str:
    if len(ids) == 1:
        return ids[0]
    code, told = ("multiple-matches", "finds several") if ids else ("not-found", "finds no")
    issue = Issue(code, f"A conditional reference {told} resource.", placed.write.entry.where)
    raise FhirError(412, [issue])


def owners_of(placed: Iterable[Placed]) -> dict[str, list[Placed]]:
    """What each owner is to write, by its name."""
    shares: dict[str, list[Placed]] = {}
    for write in placed:
        if write.changes:
            shares.setdefault(owner_of(write.type), []).append(write)
    return shares
