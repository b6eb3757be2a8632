"""Resolving a transaction: which resource each entry writes, and what references by criteria point to.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from telerehab import identity
from telerehab.fhir.bundle import located
from telerehab.fhir.bundle_references import Links, conditional_references, rewrite
from telerehab.fhir.bundle_writes import EntryWrite, refuse_overlaps
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.resource import Resource
from telerehab.server.criteria import Criteria, only_reference
from telerehab.server.interactions.conditional_patch import nothing_to_patch
from telerehab.server.interactions.conditional_update import identified
from telerehab.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Resolved:
    """A write with its id, its references rewritten; `there` is what a conditional create found.

    Without an id there is nothing to delete.
    """

    write: EntryWrite
    there: Resource | None = None


async def resolve(work: UnitOfWork, writes: Sequence[EntryWrite], base_url: str) -> list[Resolved]:
    """All writes resolved, in their order; raises FhirError located at the entry."""
    identified = await _identify(work, writes, base_url)
    refuse_overlaps(resolved.write for resolved in identified)
    links = Links()
    for resolved in identified:
        write = resolved.write
        if write.entry.full_url and write.id:
            version = write.source_version if resolved.there is None else None
            links.add(write.entry.full_url, write.reference, version)
    await _add_conditional(work, links, identified, base_url)
    return [_rewritten(resolved, links) for resolved in identified]


async def _identify(work: UnitOfWork, writes: Iterable[EntryWrite], base_url: str) -> list[Resolved]:
    resolved: list[Resolved] = []
    asked: dict[int, int] = {}
    for write in writes:
        try:
            resolved.append(await _identified(work, write, base_url, asked))
        except FhirError as error:
            raise located(write.entry, error) from None
    return resolved


async def _identified(work: UnitOfWork, write: EntryWrite, base_url: str, asked: dict[int, int]) -> Resolved:
    if write.criteria is None:
        return Resolved(write if write.id else replace(write, id=identity.new_id()))
    criteria = Criteria.of(write.type, write.criteria, base_url)
    first = asked.setdefault(criteria.key, write.entry.index)
    if first != write.entry.index:
        raise FhirError(422, [Issue("duplicate", f"Entry {first} has the same criteria.", "request")])
    match write.method:
        case "POST":
            there = await criteria.only_match(work)
            return Resolved(replace(write, id=there.id if there else identity.new_id()), there)
        case "PUT":
            assert write.content is not None  # write_of has seen to it
            content = await identified(work, criteria, write.content)
            return Resolved(replace(write, id=content["id"], content=content))
    match = await criteria.match(work)
    if match is None and write.method == "PATCH":
        raise nothing_to_patch(write.type)
    return Resolved(replace(write, id=match.id if match else ""))


async def _add_conditional(
    work: UnitOfWork, links: Links, identified: Sequence[Resolved], base_url: str
) -> None:
    """Add what references by criteria are to: what an entry writes by the same, or one resource, which is guarded."""
    known = {
        resolved.write.asked: resolved.write.reference for resolved in identified if resolved.write.asked
    }
    for asked, written in known.items():
        links.add(asked, written)
    for resolved in identified:
        for reference in set(conditional_references(resolved.write.content or {})) - known.keys():
            try:
                known[reference] = found = await only_reference(work, reference, base_url)
                await work.required(*found.split("/"))
                links.add(reference, found)
            except FhirError as error:
                raise located(resolved.write.entry, error) from None


def _rewritten(resolved: Resolved, links: Links) -> Resolved:
    write = resolved.write
    if write.content is None:
        return resolved
    content = rewrite(write.content, links.seen_from(write.entry.full_url))
    return replace(resolved, write=replace(write, content=content))
