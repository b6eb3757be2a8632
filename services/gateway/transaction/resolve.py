"""First step: what search criteria find, which id each entry writes, what its references come to.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.gateway.finding import Found, find, only_found
from telerehab import identity
from telerehab.access import Caller
from telerehab.fhir.bundle import Entry
from telerehab.fhir.bundle_references import Links, conditional_references, rewrite
from telerehab.fhir.bundle_writes import EntryWrite, read_of, refuse_overlaps
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, multiple_matches, unknown_type
from telerehab.owners import owner_of
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.resource import with_id
from telerehab.rpc.neighbours import Neighbours
from telerehab.server.interactions.conditional_patch import nothing_to_patch
from telerehab.server.interactions.conditional_update import taken


@dataclass(frozen=True, slots=True)
class Placed:
    """A write whose id is known; `content` has it, and references that hold after the commit.

    `matched` says that its criteria have found `id`; `id` is "" where they found nothing to delete. The content of
    a PATCH is the patch.
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
) -> tuple[list[Placed], Found]:
    """All writes placed, and what criteria have found.

    Raises FhirError located at the entry: 412 for several matches, 422 for doubled writes.
    """
    found = await find(neighbours, caller, base_url, _criteria(writes))
    placed = [_place(write, found) for write in writes]
    refuse_overlaps(replace(each.write, id=each.id) for each in placed)
    await _refuse_taken(neighbours, caller, placed)
    links = Links()
    for write in placed:
        if write.write.entry.full_url and write.id:
            version = None if write.matched else write.write.source_version
            links.add(write.write.entry.full_url, write.reference, version)
        if write.write.asked:
            links.add(write.write.asked, write.reference)
    return [_linked(write, links, found) for write in placed], found


def criteria_of(write: EntryWrite) -> str:
    return f"{write.type}?{write.criteria}"


def _criteria(writes: Sequence[EntryWrite]) -> set[str]:
    """All criteria; a condition may be given to one write only."""
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
    return set(asked)


def _place(write: EntryWrite, found: Found) -> Placed:
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
    if write.method == "PATCH":
        raise nothing_to_patch(write.type).at(write.entry.where)
    return Placed(write, _own_id(write) or identity.new_id(), False, write.content)


def _own_id(write: EntryWrite) -> str | None:
    own_id = (write.content or {}).get("id")
    return own_id if isinstance(own_id, str) else None


def _check_own_id(write: EntryWrite, id_: str) -> None:
    """A conditional update may name the id that its criteria find, and no other."""
    if write.method == "PUT" and (write.content or {}).get("id") not in (None, id_):
        told = "The criteria find a resource with another id."
        raise FhirError(400, [Issue("value", told, f"{write.entry.where}.resource.id")])


async def _refuse_taken(neighbours: Neighbours, caller: Caller, placed: Iterable[Placed]) -> None:
    """409 where a conditional update found nothing, but names a resource that is there."""
    for each in placed:
        write = each.write
        names_itself = write.method == "PUT" and write.criteria is not None and _own_id(write)
        if not names_itself or each.matched:
            continue
        if await neighbours.owner(owner_of(each.type)).read([each.reference], caller):
            raise taken(each.type, each.id).at(write.entry.where)


def _linked(placed: Placed, links: Links, found: Found) -> Placed:
    if placed.content is None:
        return placed
    named = dict(links.seen_from(placed.write.entry.full_url))
    # criteria that nothing was asked for are not there
    asked = set(conditional_references(placed.content)) if found else set()
    for reference in asked - named.keys():
        try:
            named[reference] = only_found(reference, found[reference])
        except FhirError as error:
            raise error.at(placed.write.entry.where) from None
    content = placed.content if placed.write.method == "PATCH" else with_id(placed.content, placed.id)
    return replace(placed, content=rewrite(content, named))


def owners_of(placed: Iterable[Placed]) -> dict[str, list[Placed]]:
    """What each owner is to write, by its name."""
    shares: dict[str, list[Placed]] = {}
    for write in placed:
        if write.changes:
            shares.setdefault(owner_of(write.type), []).append(write)
    return shares


def relied_on(
    placed: Sequence[Placed], found: Found, reads: Iterable[Entry]
) -> Mapping[str, Sequence[pb.Reliance]]:
    """What has to be there for the transaction, by owner: what it reads, and what its references by criteria find."""
    relied: dict[str, list[pb.Reliance]] = {}
    written = {write.write.asked for write in placed}
    for entry in reads:
        if (read := read_of(entry)) is not None:
            reliance = pb.Reliance(index=entry.index, type=read[0], id=read[1])
            relied.setdefault(owner_of(read[0]), []).append(reliance)
    for write in placed if found else ():
        for reference in set(conditional_references(write.write.content or {})) - written:
            type_, _, criteria = reference.partition("?")
            (id_,) = found[reference]
            index = write.write.entry.index
            reliance = pb.Reliance(index=index, type=type_, id=id_, criteria=criteria)
            relied.setdefault(owner_of(type_), []).append(reliance)
    return relied
