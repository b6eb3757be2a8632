"""The engine of one service: what interactions, operations, handlers and rpc need, wired together once at start."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import parse_qsl

from google.protobuf.message import Message

from telerehab.access import EVERYTHING, Access, Caller
from telerehab.events.catalogue import topic_of
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import Issue, busy, too_costly
from telerehab.fhir.search import index, matches, parameter_hash, parse_query
from telerehab.fhir.search.query import Include, Query
from telerehab.fhir.search.rows import IndexRows
from telerehab.fhir.validation import validate
from telerehab.resource import Resource
from telerehab.service import Service
from telerehab.settings import Settings
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Missed, Violated, WriteSet

if TYPE_CHECKING:
    from telerehab.events.position import Waited
    from telerehab.store.store import Store

T = TypeVar("T")
ATTEMPTS = 8
PAUSE = 0.005
"""Seconds that the pause before an attempt may last at most, doubled with each."""
BASE_PATH = "/fhir/R4"
SEARCH_LIMIT = 10_000
_GUARDING = re.compile(r"([A-Za-z]+)\?([a-z-]+)=\{")


class Neighbours(Protocol):
    """The other services, reached by gRPC (or directly where they share the process)."""

    async def read(self, reference: str, caller: Caller) -> Resource | None:
        """A live resource of another owner, or None; FhirError 503 if the owner does not answer."""
        ...

    async def include(
        self,
        owner: str,
        references: Sequence[tuple[str, str]],
        referred: Sequence[tuple[str, str]],
        revincludes: Sequence[Include],
        caller: Caller,
        *,
        limit: int,
    ) -> list[Resource]:
        """What a page wants of `owner`: `references`, and what refers to `referred`; FhirError 503 without answer."""
        ...

    async def ids(
        self, owner: str, query: str, caller: Caller, parameters: Sequence[int] = (), target: str = ""
    ) -> list[str]:
        """The ids that a search finds at `owner`, or those of the `target`s that this refers to by `parameters`."""
        ...


@dataclass
class Engine:
    """One service at work. `clock` gives aware UTC times, `event_secret` keys the hashes that order events.

    `wait_for` waits until this service has handled the events that a position token names.
    """

    service: Service
    store: Store
    neighbours: Neighbours
    settings: Settings
    event_secret: bytes
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    after_commit: Callable[[WriteSet], None] = lambda write_set: None
    wait_for: Callable[[str], Awaitable[Waited]] | None = None

    everything: Access = EVERYTHING

    async def run(self, caller: Caller, act: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Do `act` in a unit of work and commit it; planned again when what it relied on has changed.

        Raises FhirError: what planning refuses, a constraint's refusal, or 409 after so many misses that the
        contention is not passing.
        """
        for attempt in range(ATTEMPTS):
            if attempt:  # out of step with whoever else is at it
                await asyncio.sleep(random.uniform(0, PAUSE * 2**attempt))
            work = UnitOfWork(self, caller)
            try:
                result = await act(work)
                await self.commit(work)
            except Missed:
                continue
            return result
        raise busy()

    async def commit(self, work: UnitOfWork) -> WriteSet:
        """Plan and commit a unit of work; raises Missed if it must be planned again."""
        write_set = await work.plan()
        if not write_set.does_something:
            return write_set
        try:
            applied = await self.store.apply(write_set)
        except Violated as violated:
            raise write_set.violations[violated.constraint].error() from None
        work.committed(write_set, applied)
        self.after_commit(write_set)
        return write_set

    async def search_all(self, query: str, access: Access) -> Sequence[Resource]:
        """Every live resource that matches, oldest first; 400 too-costly beyond `SEARCH_LIMIT`."""
        parsed = self.query(query)
        found = await self.store.search_all(parsed, access, limit=SEARCH_LIMIT + 1)
        if len(found) > SEARCH_LIMIT:
            raise too_costly(f"The search over {parsed.type} finds more than {SEARCH_LIMIT} resources.")
        return found

    def query(self, text: str, compartment: str = "") -> Query:
        """A search written as in a URL, "Slot?status=free&_sort=start" or "?_type=Slot,Schedule"; in a compartment."""
        type_, _, pairs = text.partition("?")
        return parse_query(
            type_,
            parse_qsl(pairs, keep_blank_values=True),
            base=self.base_url,
            aliases=self.store.aliases.of,
            types=self.service.types,
            compartment=compartment,
        )

    def matches(self, query: str, resource: Resource) -> bool:
        return matches(self.query(query).where, self.index(resource))

    def validate(self, content: JsonObject, *, advises: bool = False) -> list[Issue]:
        """What is wrong with a resource; with `advises` also what is against best practice, as warnings."""
        return validate(content, advises=advises)

    @cached_property
    def base_url(self) -> str:
        """The FHIR base that clients use, without a trailing slash: an absolute reference below it is one of ours."""
        return f"{self.settings.public}{BASE_PATH}"

    def index(self, resource: Resource) -> IndexRows:
        return index(resource.content, self.base_url)

    def patients(self, resource: Resource) -> Sequence[str]:
        """The ids of the Patients in whose compartment it is: as the store says, else from its index rows."""
        if resource.patients is None:
            resource.patients = self.index(resource).patients
        return resource.patients

    def topic_of(self, message: Message) -> str:
        return topic_of(message, self.service.name)

    # Sets that rules rely on

    @cached_property
    def counted(self) -> Mapping[int, str]:
        """The reference parameters (by hash) whose values guard some rule's search, with their names."""
        searches = (
            wanted
            for rule in self.service.rules
            for wanted in rule.find.values()
            if isinstance(wanted, str) and "?" in wanted
        )
        names = (guarding_parameter(wanted) for wanted in searches)
        return {parameter_hash(type_, code): f"{type_}.{code}" for type_, code in names}

    def counted_keys(self, search: str, values: Sequence[str]) -> list[int]:
        """The counters that guard a rule's search: one for each reference ("Patient/1") it searches by.

        For a Patient there is one for each id of that person, all of which the search finds.
        """
        parameter = parameter_hash(*guarding_parameter(search))
        return [counter_key(parameter, same) for value in values for same in self._same(value)]

    def _same(self, reference: str) -> list[str]:
        type_, _, id_ = reference.partition("/")
        return (
            [f"{type_}/{same}" for same in self.store.aliases.of(id_)] if type_ == "Patient" else [reference]
        )

    def counted_by(self, rows: IndexRows | None) -> set[int]:
        """The counters that a write of a resource with these index rows counts up."""
        if rows is None or not self.counted:
            return set()
        return {
            counter_key(row.parameter, f"{row.target_type}/{row.target_id}")
            for row in rows.references
            if row.parameter in self.counted
        }


def guarding_parameter(search: str) -> tuple[str, str]:
    """Type and parameter of a rule's search that its values fill: "Appointment?actor={...}" gives both."""
    match = _GUARDING.match(search)
    if match is None:
        raise ValueError(f"a rule's search starts with the reference it searches by: {search}")
    return match[1], match[2]


def counter_key(parameter: int, value: str) -> int:
    """The key of the counter of all resources whose reference parameter has this value (signed 64 bits)."""
    digest = hashlib.blake2b(f"{parameter}\0{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
