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
from telerehab.server.criteria import Criteria
from telerehab.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Resolved:
    """A write with its id, its references rewritten; `there` is what a conditional create found."""

    write: EntryWrite
    there: Resource | None = None


async def resolve(work: UnitOfWork, writes: Sequence[EntryWrite], base_url: str) -> list[Resolved]:
    """All writes resolved, in their order; raises FhirError located at the entry."""
    identified = await _identify(work, writes, base_url)
    refuse_overlaps(resolved.write for resolved in identified)
    links = Links()
    for resolved in identified:
        if resolved.write.entry.full_url:
            links.add(resolved.write.entry.full_url, resolved.write.reference)
    await _add_conditional(work, links, identified, base_url)
    return [_rewritten(resolved, links) for resolved in identified]


async def _identify(work: UnitOfWork, writes: Iterable[EntryWrite], base_url: str) -> list[Resolved]:
    identified: list[Resolved] = []
    asked: dict[int, int] = {}
    for write in writes:
        try:
            identified.append(await _identified(work, write, base_url, asked))
        except FhirError as error:
            raise located(write.entry, error) from None
    return identified


async def _identified(work: UnitOfWork, write: EntryWrite, base_url: str, asked: dict[int, int]) -> Resolved:
    there = None
    if write.method != "POST":
        if write.criteria is not None or write.method == "PATCH":
            what = "PATCH" if write.method == "PATCH" else f"A conditional {write.method}"
            raise FhirError(422, [Issue("not-supported", f"{what} is not supported.", "request")])
        return Resolved(write)
    if write.criteria is not None:
        criteria = Criteria.of(write.type, write.criteria, base_url)
        there = await criteria.only_match(work)
        first = asked.setdefault(criteria.key, write.entry.index)
        if there is None and first != write.entry.index:
            told = f"Entry {first} creates a {write.type} under the same criteria."
            raise FhirError(422, [Issue("duplicate", told, "request.ifNoneExist")])
    return Resolved(replace(write, id=there.id if there else identity.new_id()), there)


async def _add_conditional(
    work: UnitOfWork, links: Links, identified: Iterable[Resolved], base_url: str
) -> None:
    """Add what references by criteria find: exactly one resource each."""
    known: set[str] = set()
    for resolved in identified:
        for reference in set(conditional_references(resolved.write.content or {})) - known:
            known.add(reference)
            try:
                links.add(reference, await _found(work, reference, base_url))
            except FhirError as error:
                raise located(resolved.write.entry, error) from None


async def _found(work: UnitOfWork, reference: str, base_url: str) -> str:
    type_, _, text = reference.partition("?")
    if type_ not in work.engine.service.types:
        told = f"A reference by criteria to a {type_} is resolved at the platform's own base only."
        raise FhirError(422, [Issue("not-supported", told, "resource")])
    matches = await Criteria.of(type_, text, base_url).matches(work)
    if len(matches) != 1:
        count, code = ("More than one", "multiple-matches") if matches else ("No", "not-found")
        raise FhirError(
            412, [Issue(code, f"{count} {type_} matches the criteria of a reference.", "resource")]
        )
    work.guards.setdefault(matches[0].reference, matches[0].version)
    return matches[0].reference


def _rewritten(resolved: Resolved, links: Links) -> Resolved:
    write = resolved.write
    if write.content is None:
        return resolved
    content = rewrite(write.content, links.seen_from(write.entry.full_url))
    return replace(resolved, write=replace(write, content=content))
