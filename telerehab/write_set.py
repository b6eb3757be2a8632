"""A write set: everything one commit does in one service's schema, planned, not yet done.

Fields are what the schema's `apply` function takes. A write set travels from an owner to the gateway, which commits
those of several owners in one statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from telerehab.change import Refuse
from telerehab.fhir.search.rows import IndexRows


@dataclass(frozen=True, slots=True)
class RowWrite:
    """One version of one resource; `expected` is the version it replaces, 0 if the resource must not exist.

    `entry` is the bundle entry it came from (-1: a rule or handler made it). `text` is None for a deletion;
    `event_key` is used by a creation only: a resource keeps its first key.
    """

    entry: int
    type: str
    id: str
    expected: int
    method: str
    text: str | None
    splice: int
    index: IndexRows
    event_key: bytes


class Guard(NamedTuple):
    """A row that a decision relied on and that must still have this version (0: must still not exist)."""

    type: str
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter of a set that a decision relied on.

    `expected` None: only count up (a write that changes the set); else the value must still be this one, and
    `bump` says whether it is counted up as well.
    """

    key: int
    expected: int | None
    bump: bool


class OutboxRow(NamedTuple):
    """An event to publish: `payload` is the serialised protobuf, `type` its full name, `event_id` a UUID.

    `subject` is "Type/id" of the resource it is about, `cause` and `depth` say which event made it.
    """

    event_id: str
    topic: str
    key: bytes
    type: str
    subject: str
    payload: bytes
    traceparent: str = ""
    cause: str = ""
    depth: int = 0


class InboxRow(NamedTuple):
    """`handler` has taken `event_id`: with this row in the commit its effect happens once."""

    event_id: str
    handler: str


class AliasWrite(NamedTuple):
    """Since `version` of Patient `patient` it is (`joined`) or is not an alias of Patient `into`."""

    patient: str
    into: str
    version: int
    joined: bool


class AuditRow(NamedTuple):
    """Who did what to which resource; `patients` are its compartments, `outcome` an HTTP status."""

    request_id: str
    caller: str
    address: str
    action: str
    type: str
    id: str
    version: int
    patients: Sequence[str]
    outcome: int
    query: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A request that its caller may repeat: `key` is a hash of caller and key, `request` of what was asked.

    `answer` is kept with the commit, for whoever repeats it; the times of the commit are kept beside it.
    """

    key: bytes
    request: bytes
    answer: bytes


@dataclass(slots=True)
class WriteSet:
    """All of one commit in one schema; `side_rows` maps a projection's table to (resource ids, new rows).

    `violations` maps a constraint to the refusal a client is given when it is hit. `command` is set where the
    request may be repeated and this write set is all of it; for several together the gateway keeps the command.
    """

    schema: str
    rows: list[RowWrite] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    counters: list[Counter] = field(default_factory=list)
    side_rows: dict[str, tuple[list[str], list[dict[str, Any]]]] = field(default_factory=dict)
    outbox: list[OutboxRow] = field(default_factory=list)
    inbox: list[InboxRow] = field(default_factory=list)
    aliases: list[AliasWrite] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    violations: Mapping[str, Refuse] = field(default_factory=dict)
    command: Command | None = None

    @property
    def does_something(self) -> bool:
        """Whether there is anything to commit: guards alone, and counters only looked at, are not."""
        counted = any(counter.bump for counter in self.counters)
        return counted or any(
            (self.rows, self.outbox, self.inbox, self.aliases, self.audit, self.command is not None)
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """What a commit gave back: `last_updated` of each row of the write set, in its order."""

    last_updated: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A command that was done: its request's hash, its answer, `last_updated` of each row schema by schema."""

    request: bytes
    answer: bytes
    times: Sequence[datetime]


class Missed(Exception):
    """Something a commit relied on has changed: nothing happened, plan again.

    `kind` is "row", "guard" or "counter"; `which` names it for the log.
    """

    def __init__(self, kind: str, which: str) -> None:
        super().__init__(f"{kind} {which}")
        self.kind = kind
        self.which = which


class Violated(Exception):
    """A projection's constraint refused the commit: nothing happened."""

    def __init__(self, schema: str, constraint: str) -> None:
        super().__init__(constraint)
        self.schema = schema
        self.constraint = constraint


class AlreadyHandled(Exception):
    """The inbox has the event for this handler: nothing happened, and nothing needs to."""


class Repeated(Exception):
    """The command was done before: nothing happened now; `first` is what was kept of it then.

    Where `first.request` is not the hash of this request, the key was used for something else.
    """

    def __init__(self, first: Remembered) -> None:
        super().__init__("command done before")
        self.first = first
