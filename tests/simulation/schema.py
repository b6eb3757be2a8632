"""A service's schema in memory: what `telerehab/store/functions/apply.sql` does to its tables, in one step.

Only what a commit promises: versions, guards, counters, constraints, outbox in the order of commits, inbox, commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from telerehab.events.dead_letter import DeadLetter
from telerehab.write_set import (
    AlreadyHandled,
    Applied,
    Command,
    Missed,
    Remembered,
    Repeated,
    RowWrite,
    Violated,
    WriteSet,
)

Clash = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version; `text` None: a deletion."""

    row: RowWrite
    number: int
    last_updated: datetime
    event_key: bytes


@dataclass(slots=True)
class Letter:
    """A row of dead letters; `due` and `since` by the schema's clock, `held` while a transaction has it."""

    kept: DeadLetter
    due: datetime
    held: Transaction | None = None
    removed: bool = False


class Transaction:
    """Holds a letter; what it changes is seen when it is committed. Ended for it when its connection is lost."""

    def __init__(self) -> None:
        self.open = True
        self.letter: Letter | None = None
        self.change: Callable[[], object] = lambda: None

    def check(self) -> None:
        """ConnectionError once it was ended by the server."""
        if not self.open:
            raise ConnectionError

    def end(self, *, commit: bool) -> None:
        if self.open and commit:
            self.change()
        self.open = False
        if self.letter is not None:
            self.letter.held, self.letter.removed = None, False


class Lease:
    """The row of `relay_lease`."""

    def __init__(self) -> None:
        self.epoch = 0
        self.holder: UUID | None = None
        self.until = datetime.min.replace(tzinfo=UTC)
        self.granted: dict[object, int] = {}
        """The newest epoch that each owner of connections was given."""


@dataclass
class Schema:
    """The tables of one service; `clashes` says by table and constraint which two side rows refuse each other."""

    name: str
    clock: Callable[[], datetime]
    clashes: Mapping[str, tuple[str, Clash]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.versions: dict[tuple[str, str], list[Version]] = {}
        self.counters: dict[int, int] = {}
        self.side_rows: dict[str, list[dict[str, Any]]] = {}
        self.outbox: dict[int, dict[str, Any]] = {}
        self.inbox: dict[tuple[str, str], None] = {}
        self.audit: list[Any] = []
        self.commands: dict[bytes, Remembered] = {}
        self.letters: dict[int, Letter] = {}
        self.lease = Lease()
        self.ids = count(1)

    def version(self, type_: str, id_: str) -> int:
        return len(self.versions.get((type_, id_), ()))

    def apply(self, write_set: WriteSet) -> Applied:
        """All of it or nothing, and `Repeated`, `Missed`, `Violated` or `AlreadyHandled`."""
        if write_set.command is not None and write_set.command.key in self.commands:
            raise Repeated(self.commands[write_set.command.key])
        self._check(write_set)
        side_rows = self._new_side_rows(write_set)
        handled = [(row.event_id, row.handler) for row in write_set.inbox]
        if any(pair in self.inbox for pair in handled):
            raise AlreadyHandled
        if write_set.aliases:
            raise NotImplementedError("merges have no place in memory")
        self.side_rows |= side_rows
        for counter in write_set.counters:
            if counter.bump:
                self.counters[counter.key] = self.counters.get(counter.key, 0) + 1
        times = [self._write(row) for row in write_set.rows]
        for event in write_set.outbox:
            id_ = next(self.ids)
            self.outbox[id_] = {"id": id_, "time": self.clock(), **event._asdict()}
        self.inbox.update(dict.fromkeys(handled))
        self.audit += write_set.audit
        self._remember(write_set.command, times)
        return Applied(times)

    def _check(self, write_set: WriteSet) -> None:
        for counter in write_set.counters:
            if counter.expected is not None and self.counters.get(counter.key, 0) != counter.expected:
                raise Missed("counter", str(counter.key))
        for row in write_set.rows:
            if self.version(row.type, row.id) != row.expected:
                raise Missed("row", f"{row.type}/{row.id}")
        for guard in write_set.guards:
            if self.version(guard.type, guard.id) != guard.version:
                raise Missed("guard", f"{guard.type}/{guard.id}")

    def _new_side_rows(self, write_set: WriteSet) -> dict[str, list[dict[str, Any]]]:
        """Deleted before inserted, so that rows may be swapped."""
        changed: dict[str, list[dict[str, Any]]] = {}
        for table, (ids, rows) in write_set.side_rows.items():
            kept = [row for row in self.side_rows.get(table, []) if row["resource_id"] not in ids]
            constraint, clash = self.clashes.get(table, ("", lambda one, other: False))
            for row in rows:
                if any(clash(row, other) for other in kept):
                    raise Violated(self.name, constraint)
                kept.append(row)
            changed[table] = kept
        return changed

    def _write(self, row: RowWrite) -> datetime:
        versions = self.versions.setdefault((row.type, row.id), [])
        now = self.clock()
        moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if versions:
            moment = max(moment, versions[-1].last_updated + timedelta(milliseconds=1))
        key = versions[0].event_key if versions else row.event_key
        versions.append(Version(row, len(versions) + 1, moment, key))
        return moment

    def _remember(self, command: Command | None, times: list[datetime]) -> None:
        if command is not None:
            self.commands[command.key] = Remembered(command.request, command.answer, times)
