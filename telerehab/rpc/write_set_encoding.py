"""Write sets as messages of telerehab.fhir.v1, both ways and without loss.

https://protobuf.dev/reference/python/python-generated/
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from telerehab.change import Refuse
from telerehab.fhir import json
from telerehab.fhir.search.rows import DateRow, IndexRows, NumberRow, ReferenceRow, StringRow
from telerehab.pb.telerehab.fhir.v1 import write_set_pb2 as pb
from telerehab.write_set import (
    AliasWrite,
    AuditRow,
    Command,
    Counter,
    Guard,
    InboxRow,
    OutboxRow,
    RowWrite,
    WriteSet,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode_write_set(write_set: WriteSet) -> pb.WriteSet:
    return pb.WriteSet(
        schema=write_set.schema,
        rows=[_encode_row(row) for row in write_set.rows],
        guards=[pb.Guard(type=guard.type, id=guard.id, version=guard.version) for guard in write_set.guards],
        counters=[
            pb.Counter(key=counter.key, expected=counter.expected, bump=counter.bump)
            for counter in write_set.counters
        ],
        side_rows={
            table: pb.SideRows(ids=ids, rows=[json.dump(row).decode() for row in rows])
            for table, (ids, rows) in write_set.side_rows.items()
        },
        outbox=[_encode_outbox(row) for row in write_set.outbox],
        inbox=[pb.InboxRow(event_id=row.event_id, handler=row.handler) for row in write_set.inbox],
        aliases=[
            pb.AliasWrite(patient=row.patient, into=row.into, version=row.version, joined=row.joined)
            for row in write_set.aliases
        ],
        audit=[_encode_audit(row) for row in write_set.audit],
        violations={
            constraint: pb.Refusal(
                diagnostics=refusal.diagnostics,
                expression=refusal.expression,
                code=refusal.code,
                status=refusal.status,
            )
            for constraint, refusal in write_set.violations.items()
        },
        command=_encode_command(write_set.command),
    )


def decode_write_set(message: pb.WriteSet) -> WriteSet:
    return WriteSet(
        message.schema,
        rows=[_decode_row(row) for row in message.rows],
        guards=[Guard(guard.type, guard.id, guard.version) for guard in message.guards],
        counters=[
            Counter(counter.key, counter.expected if counter.HasField("expected") else None, counter.bump)
            for counter in message.counters
        ],
        side_rows={
            table: (list(rows.ids), [json.parse_object(row) for row in rows.rows])
            for table, rows in message.side_rows.items()
        },
        outbox=[_decode_outbox(row) for row in message.outbox],
        inbox=[InboxRow(row.event_id, row.handler) for row in message.inbox],
        aliases=[AliasWrite(row.patient, row.into, row.version, row.joined) for row in message.aliases],
        audit=[_decode_audit(row) for row in message.audit],
        violations={
            constraint: Refuse(
                refusal.diagnostics,
                refusal.expression if refusal.HasField("expression") else None,
                refusal.code,
                refusal.status,
            )
            for constraint, refusal in message.violations.items()
        },
        command=_decode_command(message.command) if message.HasField("command") else None,
    )


def _encode_row(row: RowWrite) -> pb.RowWrite:
    return pb.RowWrite(
        entry=row.entry,
        type=row.type,
        id=row.id,
        expected=row.expected,
        method=row.method,
        text=row.text,
        splice=row.splice,
        index=_encode_index(row.index),
        event_key=row.event_key,
    )


def _decode_row(message: pb.RowWrite) -> RowWrite:
    return RowWrite(
        message.entry,
        message.type,
        message.id,
        message.expected,
        message.method,
        message.text if message.HasField("text") else None,
        message.splice,
        _decode_index(message.index),
        message.event_key,
    )


def _encode_index(rows: IndexRows) -> pb.IndexRows:
    return pb.IndexRows(
        type=rows.type,
        id=rows.id,
        tokens=rows.tokens,
        dates=[
            pb.DateRow(parameter=row.parameter, lo_micros=_micros(row.lo), hi_micros=_micros(row.hi))
            for row in rows.dates
        ],
        strings=[
            pb.StringRow(parameter=row.parameter, normalised=row.normalised, exact=row.exact)
            for row in rows.strings
        ],
        numbers=[
            pb.NumberRow(
                parameter=row.parameter,
                lo=str(row.lo),
                hi=str(row.hi),
                system=row.system,
                code=row.code,
                unit=row.unit,
            )
            for row in rows.numbers
        ],
        references=[
            pb.ReferenceRow(parameter=row.parameter, target_type=row.target_type, target_id=row.target_id)
            for row in rows.references
        ],
        patients=rows.patients,
    )


def _decode_index(message: pb.IndexRows) -> IndexRows:
    return IndexRows(
        message.type,
        message.id,
        tokens=list(message.tokens),
        dates=[
            DateRow(row.parameter, _moment(row.lo_micros), _moment(row.hi_micros)) for row in message.dates
        ],
        strings=[StringRow(row.parameter, row.normalised, row.exact) for row in message.strings],
        numbers=[
            NumberRow(row.parameter, Decimal(row.lo), Decimal(row.hi), row.system, row.code, row.unit)
            for row in message.numbers
        ],
        references=[
            ReferenceRow(row.parameter, row.target_type, row.target_id) for row in message.references
        ],
        patients=list(message.patients),
    )


def _encode_outbox(row: OutboxRow) -> pb.OutboxRow:
    return pb.OutboxRow(
        event_id=row.event_id,
        topic=row.topic,
        key=row.key,
        type=row.type,
        subject=row.subject,
        payload=row.payload,
        traceparent=row.traceparent,
        cause=row.cause,
        depth=row.depth,
    )


def _decode_outbox(message: pb.OutboxRow) -> OutboxRow:
    return OutboxRow(
        message.event_id,
        message.topic,
        message.key,
        message.type,
        message.subject,
        message.payload,
        message.traceparent,
        message.cause,
        message.depth,
    )


def _encode_audit(row: AuditRow) -> pb.AuditRow:
    return pb.AuditRow(
        request_id=row.request_id,
        caller=row.caller,
        address=row.address,
        action=row.action,
        type=row.type,
        id=row.id,
        version=row.version,
        patients=row.patients,
        outcome=row.outcome,
        query=row.query,
    )


def _decode_audit(message: pb.AuditRow) -> AuditRow:
    return AuditRow(
        message.request_id,
        message.caller,
        message.address,
        message.action,
        message.type,
        message.id,
        message.version,
        list(message.patients),
        message.outcome,
        message.query,
    )


def _encode_command(command: Command | None) -> pb.Command | None:
    if command is None:
        return None
    return pb.Command(key=command.key, request=command.request, answer=command.answer)


def _decode_command(message: pb.Command) -> Command:
    return Command(message.key, message.request, message.answer)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
