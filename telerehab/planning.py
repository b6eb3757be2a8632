"""Planning: what a unit of work will write, and the write set that does it: rows, side rows, events, audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from telerehab import identity
from telerehab.fhir.search.rows import IndexRows
from telerehab.observability.request import current_traceparent
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.resource import Resource
from telerehab.write_set import AuditRow, Counter, OutboxRow, RowWrite, WriteSet

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork

NO_ENTRY = -1

_ACTIONS = {"POST": "C", "PUT": "U", "PATCH": "U", "DELETE": "D"}


@dataclass(slots=True)
class Planned:
    """One resource a work will write: what is there now (None, live or deleted) and what will be (None: gone).

    `earlier` are forms of it that a rule has rewritten: whoever holds one is told what was written.
    """

    current: Resource | None
    after: Resource | None
    method: str
    entry: int
    earlier: list[Resource] = field(default_factory=list)

    @property
    def before(self) -> Resource | None:
        return None if self.current is None or self.current.deleted else self.current

    @property
    def subject(self) -> Resource:
        """The resource it is about, in its newest form."""
        subject = self.after or self.current
        assert subject is not None
        return subject

    @property
    def reference(self) -> str:
        return self.subject.reference

    @property
    def expected(self) -> int:
        return self.current.version if self.current else 0


def assemble(work: UnitOfWork) -> WriteSet:
    """The write set of a planned unit of work; its order is the order of planning."""
    write_set = WriteSet(
        work.engine.service.name,
        guards=work.relied_on(),
        inbox=list(work.inbox),
        aliases=list(work.aliases),
        command=work.command,
    )
    counters = dict(work.counters)
    for each in work.planned.values():
        _add_row(write_set, work, each, counters)
    for table, kept in work.kept.items():
        rows = [_side_row(id_, row) for id_, of_one in kept.items() for row in of_one]
        write_set.side_rows[table] = (list(kept), rows)
    for message, about in work.emitted:
        planned = work.planned.get(about.reference)  # its newest form, which has the resource's key
        write_set.outbox.append(_outbox_row(work, message, planned.subject if planned else about))
    write_set.counters = list(counters.values())
    return write_set


def _add_row(write_set: WriteSet, work: UnitOfWork, planned: Planned, counters: dict[int, Counter]) -> None:
    engine = work.engine
    after, current, subject = planned.after, planned.current, planned.subject
    before = engine.index(planned.before) if planned.before and (engine.counted or not after) else None
    index = engine.index(after) if after else _deleted(subject, before)
    subject.patients = patients = index.patients
    subject.event_key = current.event_key if current else _event_key(work, subject)
    write_set.rows.append(
        RowWrite(
            planned.entry,
            subject.type,
            subject.id,
            planned.expected,
            planned.method,
            after.text if after else None,
            after.splice if after else 0,
            index,
            subject.event_key,
        )
    )
    for key in engine.counted_by(before) | engine.counted_by(index):
        known = counters.get(key)
        counters[key] = Counter(key, known.expected if known else None, bump=True)
    _add_side_rows(write_set, work, planned, subject)
    changed = ResourceChanged(
        type=subject.type, id=subject.id, version=planned.expected + 1, method=planned.method
    )
    write_set.outbox.append(_outbox_row(work, changed, subject))
    write_set.audit.append(
        AuditRow(
            work.caller.request_id,
            work.caller.name,
            work.caller.address,
            "C" if planned.expected == 0 else _ACTIONS[planned.method],
            subject.type,
            subject.id,
            planned.expected + 1,
            patients,
            200,
        )
    )


def _deleted(subject: Resource, before: IndexRows | None) -> IndexRows:
    """A deletion is in no index, but stays in the compartments of what was deleted, so that access still holds."""
    return IndexRows(subject.type, subject.id, patients=before.patients if before else [])


def _add_side_rows(write_set: WriteSet, work: UnitOfWork, planned: Planned, subject: Resource) -> None:
    for projection in work.engine.service.projections_for(subject.type):
        ids, rows = write_set.side_rows.setdefault(projection.table, ([], []))
        ids.append(subject.id)
        if planned.after is not None:
            rows.extend(_side_row(subject.id, row) for row in projection.rows(planned.after))
        write_set.violations = {**write_set.violations, **projection.violations}


def _side_row(resource_id: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"resource_id": resource_id, **row}


def _outbox_row(work: UnitOfWork, message: Message, about: Resource) -> OutboxRow:
    cause = work.event
    return OutboxRow(
        event_id=identity.new_id(),
        topic=work.engine.topic_of(message),
        key=about.event_key or _event_key(work, about),
        type=message.DESCRIPTOR.full_name,
        subject=about.reference,
        payload=message.SerializeToString(),
        traceparent=current_traceparent(),
        cause=cause.id if cause else "",
        depth=cause.depth + 1 if cause else 0,
    )


def _event_key(work: UnitOfWork, about: Resource) -> bytes:
    """The key of a resource's first version: that of its first patient, so that a patient's events keep their order."""
    patients = about.patients if about.patients is not None else work.engine.patients(about)
    return identity.event_key(work.engine.event_secret, patients[0] if patients else about.id)
