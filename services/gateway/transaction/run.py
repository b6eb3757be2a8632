"""A transaction over several owners, step by step.

Until the commit nothing is stored anywhere; the commit is one statement, so there is nothing in between.
https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from services.gateway.destination import owner_at, place_of
from services.gateway.entries import answer_entry, ask_owner
from services.gateway.gateway import Gateway
from services.gateway.transaction.answer import (
    Written,
    kept,
    recalled,
    response_entry,
    written_entries,
)
from services.gateway.transaction.command import command_of, require_same
from services.gateway.transaction.commit import commit, require_one_database
from services.gateway.transaction.plan import plan
from services.gateway.transaction.resolve import Placed, owners_of, relied_on, resolve
from telerehab.events.position import token_of
from telerehab.fhir.bundle import Entry, entries_of
from telerehab.fhir.bundle import bundle as bundle_of
from telerehab.fhir.bundle_writes import EntryWrite, in_order, refuse_doubled, require_searchable, write_of
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, busy
from telerehab.owners import owner_of
from telerehab.resource import Resource
from telerehab.server.answers import whole
from telerehab.server.interactions.batch import answered as entry_of_answer
from telerehab.server.interactions.batch import request_of
from telerehab.server.position import POSITION
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.store.command import remembered
from telerehab.write_set import Command, Missed, Remembered, Repeated

ATTEMPTS = 5
READS = ("GET", "HEAD")


class Done(NamedTuple):
    """A transaction that is committed: what became of its writes, the times of the commit, where its events are."""

    written: Sequence[Written]
    times: Sequence[datetime]
    position: str = ""


async def transaction(gateway: Gateway, request: FhirRequest, bundle: JsonObject) -> FhirResponse:
    """All of a transaction Bundle or nothing; raises FhirError naming the entry that is refused."""
    entries = entries_of(bundle, gateway.base_url)
    refuse_doubled(entries)
    reads = [entry for entry in entries if entry.method in READS]
    _require_answerable(gateway, request, reads)
    writes = [write_of(entry) for entry in in_order(entries) if entry.method not in READS]
    owners = {owner_of(write.type) for write in writes}
    if len(owners) == 1 and owners <= gateway.elsewhere:
        return await ask_owner(gateway, owners.pop(), request)
    try:
        return await _once(gateway, request, bundle, entries, writes, owners)
    except FhirError as error:
        await _put_on_record(gateway, request, owners, error.status)
        raise


async def _put_on_record(gateway: Gateway, request: FhirRequest, owners: set[str], status: int) -> None:
    """Tell the owners that it was refused; one that is down has had nothing to show."""
    with suppress(FhirError):
        await asyncio.gather(
            *(gateway.neighbours.owner(name).refused(request.caller, status) for name in owners)
        )


async def _once(
    gateway: Gateway,
    request: FhirRequest,
    bundle: JsonObject,
    entries: Sequence[Entry],
    writes: Sequence[EntryWrite],
    owners: set[str],
) -> FhirResponse:
    """Do it, unless it repeats a command that was done; planned again when what it relied on has changed."""
    require_one_database(gateway, owners)
    reads = [entry for entry in entries if entry.method in READS]
    command = command_of(request.caller, request.headers, bundle, request.body)
    if command and (first := await remembered(gateway.pool, command.key)):
        return await _answer_again(gateway, request, entries, command, first)
    for _ in range(ATTEMPTS):
        try:
            done = await _try(gateway, request, writes, reads, command)
        except Repeated as repeated:
            assert command is not None  # only a command is known again
            return await _answer_again(gateway, request, entries, command, repeated.first)
        except FhirError:
            if command and (first := await remembered(gateway.pool, command.key)):
                return await _answer_again(gateway, request, entries, command, first)
            raise
        if done is not None:
            return await _answer(gateway, request, entries, done)
    raise busy()


def _require_answerable(gateway: Gateway, request: FhirRequest, reads: Sequence[Entry]) -> None:
    """Refuse, before anything is written, a read that nobody would answer."""
    for entry in reads:
        try:
            path = request_of(entry, request).path
            if place_of(path) is None:
                owner_at(path)
            require_searchable(entry, gateway.base_url, lenient=request.prefer.lenient)
        except FhirError as error:
            raise error.at(entry.where) from None


async def _try(
    gateway: Gateway,
    request: FhirRequest,
    writes: Sequence[EntryWrite],
    reads: Sequence[Entry],
    command: Command | None,
) -> Done | None:
    """Resolve, plan, commit; None if something changed meanwhile, so that all must be planned again."""
    placed, found = await resolve(gateway.neighbours, request.caller, gateway.base_url, writes)
    relied = {
        owner: each
        for owner, each in relied_on(placed, found, reads).items()
        if owner not in gateway.elsewhere  # no one commit could hold what a separate database must keep
    }
    planned = await plan(gateway.neighbours, request.caller, gateway.base_url, owners_of(placed), relied)
    if planned is None:
        return None
    written = written_entries(placed, planned, await _matched(gateway, request, placed))
    try:
        times = await commit(gateway, planned, command and replace(command, answer=kept(written)))
    except Missed:
        return None
    return Done(written, times, token_of(planned.write_sets))


async def _matched(gateway: Gateway, request: FhirRequest, placed: Sequence[Placed]) -> dict[str, Resource]:
    """The resources that conditional creates found."""
    references = [each.reference for each in placed if each.matched and not each.changes]
    return await _read(gateway, request, references)


async def _answer_again(
    gateway: Gateway, request: FhirRequest, entries: Sequence[Entry], command: Command, first: Remembered
) -> FhirResponse:
    require_same(command, first)
    return await _answer(gateway, request, entries, Done(recalled(first.answer), first.times))


async def _answer(
    gateway: Gateway,
    request: FhirRequest,
    entries: Sequence[Entry],
    done: Done,
) -> FhirResponse:
    """The answer; entries that read are read now, after the commit."""
    returns = _returns(request)
    resources: dict[str, Resource] = {}
    if returns == "representation":
        shown = [f"{each.reference}/_history/{each.version}" for each in done.written if each.status != 204]
        with suppress(FhirError):  # the commit is made: the answer is then one without the resources
            read = await _read(gateway, request, shown)
            resources = {f"{each.reference}/_history/{each.version}": each for each in read.values()}
    answered = {
        each.index: response_entry(each, done.times, gateway.base_url, returns, resources)
        for each in done.written
    }
    reads = [entry for entry in entries if entry.method in READS]
    for entry, response in zip(
        reads, await asyncio.gather(*(answer_entry(gateway, request, entry) for entry in reads)), strict=True
    ):
        answered[entry.index] = entry_of_answer(response, entry)
    answer = whole(bundle_of("transaction-response", [answered[entry.index] for entry in entries]))
    if done.position:
        answer.headers[POSITION] = done.position
    return answer


async def _read(gateway: Gateway, request: FhirRequest, references: Sequence[str]) -> dict[str, Resource]:
    by_owner: dict[str, list[str]] = {}
    for reference in references:
        owner = gateway.neighbours.owner_of(reference.partition("/")[0]).name
        by_owner.setdefault(owner, []).append(reference)
    answers = await asyncio.gather(
        *(gateway.neighbours.owner(name).read(listed, request.caller) for name, listed in by_owner.items())
    )
    return {resource.reference: resource for answer in answers for resource in answer}


def _returns(request: FhirRequest) -> str | None:
    """What `Prefer` asks for; a transaction answers without the resources unless asked."""
    prefer = request.headers.get("prefer", "")
    return request.prefer.returns if "return" in prefer else None
