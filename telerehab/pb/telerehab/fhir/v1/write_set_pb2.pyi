from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DateRow(_message.Message):
    __slots__ = ("parameter", "lo_micros", "hi_micros")
    PARAMETER_FIELD_NUMBER: _ClassVar[int]
    LO_MICROS_FIELD_NUMBER: _ClassVar[int]
    HI_MICROS_FIELD_NUMBER: _ClassVar[int]
    parameter: int
    lo_micros: int
    hi_micros: int
    def __init__(self, parameter: _Optional[int] = ..., lo_micros: _Optional[int] = ..., hi_micros: _Optional[int] = ...) -> None: ...

class StringRow(_message.Message):
    __slots__ = ("parameter", "normalised", "exact")
    PARAMETER_FIELD_NUMBER: _ClassVar[int]
    NORMALISED_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    parameter: int
    normalised: str
    exact: str
    def __init__(self, parameter: _Optional[int] = ..., normalised: _Optional[str] = ..., exact: _Optional[str] = ...) -> None: ...

class NumberRow(_message.Message):
    __slots__ = ("parameter", "lo", "hi", "system", "code", "unit")
    PARAMETER_FIELD_NUMBER: _ClassVar[int]
    LO_FIELD_NUMBER: _ClassVar[int]
    HI_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    parameter: int
    lo: str
    hi: str
    system: str
    code: str
    unit: str
    def __init__(self, parameter: _Optional[int] = ..., lo: _Optional[str] = ..., hi: _Optional[str] = ..., system: _Optional[str] = ..., code: _Optional[str] = ..., unit: _Optional[str] = ...) -> None: ...

class ReferenceRow(_message.Message):
    __slots__ = ("parameter", "target_type", "target_id")
    PARAMETER_FIELD_NUMBER: _ClassVar[int]
    TARGET_TYPE_FIELD_NUMBER: _ClassVar[int]
    TARGET_ID_FIELD_NUMBER: _ClassVar[int]
    parameter: int
    target_type: str
    target_id: str
    def __init__(self, parameter: _Optional[int] = ..., target_type: _Optional[str] = ..., target_id: _Optional[str] = ...) -> None: ...

class IndexRows(_message.Message):
    __slots__ = ("type", "id", "tokens", "dates", "strings", "numbers", "references", "patients")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    DATES_FIELD_NUMBER: _ClassVar[int]
    STRINGS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    PATIENTS_FIELD_NUMBER: _ClassVar[int]
    type: str
    id: str
    tokens: _containers.RepeatedScalarFieldContainer[int]
    dates: _containers.RepeatedCompositeFieldContainer[DateRow]
    strings: _containers.RepeatedCompositeFieldContainer[StringRow]
    numbers: _containers.RepeatedCompositeFieldContainer[NumberRow]
    references: _containers.RepeatedCompositeFieldContainer[ReferenceRow]
    patients: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, type: _Optional[str] = ..., id: _Optional[str] = ..., tokens: _Optional[_Iterable[int]] = ..., dates: _Optional[_Iterable[_Union[DateRow, _Mapping]]] = ..., strings: _Optional[_Iterable[_Union[StringRow, _Mapping]]] = ..., numbers: _Optional[_Iterable[_Union[NumberRow, _Mapping]]] = ..., references: _Optional[_Iterable[_Union[ReferenceRow, _Mapping]]] = ..., patients: _Optional[_Iterable[str]] = ...) -> None: ...

class RowWrite(_message.Message):
    __slots__ = ("entry", "type", "id", "expected", "method", "text", "splice", "index", "event_key")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SPLICE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    EVENT_KEY_FIELD_NUMBER: _ClassVar[int]
    entry: int
    type: str
    id: str
    expected: int
    method: str
    text: str
    splice: int
    index: IndexRows
    event_key: bytes
    def __init__(self, entry: _Optional[int] = ..., type: _Optional[str] = ..., id: _Optional[str] = ..., expected: _Optional[int] = ..., method: _Optional[str] = ..., text: _Optional[str] = ..., splice: _Optional[int] = ..., index: _Optional[_Union[IndexRows, _Mapping]] = ..., event_key: _Optional[bytes] = ...) -> None: ...

class Guard(_message.Message):
    __slots__ = ("type", "id", "version")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    type: str
    id: str
    version: int
    def __init__(self, type: _Optional[str] = ..., id: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Counter(_message.Message):
    __slots__ = ("key", "expected", "bump")
    KEY_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    BUMP_FIELD_NUMBER: _ClassVar[int]
    key: int
    expected: int
    bump: bool
    def __init__(self, key: _Optional[int] = ..., expected: _Optional[int] = ..., bump: _Optional[bool] = ...) -> None: ...

class SideRows(_message.Message):
    __slots__ = ("ids", "rows")
    IDS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    rows: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., rows: _Optional[_Iterable[str]] = ...) -> None: ...

class OutboxRow(_message.Message):
    __slots__ = ("event_id", "topic", "key", "type", "subject", "payload", "traceparent", "cause", "depth")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    topic: str
    key: bytes
    type: str
    subject: str
    payload: bytes
    traceparent: str
    cause: str
    depth: int
    def __init__(self, event_id: _Optional[str] = ..., topic: _Optional[str] = ..., key: _Optional[bytes] = ..., type: _Optional[str] = ..., subject: _Optional[str] = ..., payload: _Optional[bytes] = ..., traceparent: _Optional[str] = ..., cause: _Optional[str] = ..., depth: _Optional[int] = ...) -> None: ...

class InboxRow(_message.Message):
    __slots__ = ("event_id", "handler")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    HANDLER_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    handler: str
    def __init__(self, event_id: _Optional[str] = ..., handler: _Optional[str] = ...) -> None: ...

class AliasWrite(_message.Message):
    __slots__ = ("patient", "into", "version", "joined")
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    INTO_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    JOINED_FIELD_NUMBER: _ClassVar[int]
    patient: str
    into: str
    version: int
    joined: bool
    def __init__(self, patient: _Optional[str] = ..., into: _Optional[str] = ..., version: _Optional[int] = ..., joined: _Optional[bool] = ...) -> None: ...

class AuditRow(_message.Message):
    __slots__ = ("request_id", "caller", "address", "action", "type", "id", "version", "patients", "outcome", "query")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PATIENTS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    caller: str
    address: str
    action: str
    type: str
    id: str
    version: int
    patients: _containers.RepeatedScalarFieldContainer[str]
    outcome: int
    query: str
    def __init__(self, request_id: _Optional[str] = ..., caller: _Optional[str] = ..., address: _Optional[str] = ..., action: _Optional[str] = ..., type: _Optional[str] = ..., id: _Optional[str] = ..., version: _Optional[int] = ..., patients: _Optional[_Iterable[str]] = ..., outcome: _Optional[int] = ..., query: _Optional[str] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("diagnostics", "expression", "code", "status")
    DIAGNOSTICS_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    diagnostics: str
    expression: str
    code: str
    status: int
    def __init__(self, diagnostics: _Optional[str] = ..., expression: _Optional[str] = ..., code: _Optional[str] = ..., status: _Optional[int] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("key", "request", "answer")
    KEY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    request: bytes
    answer: bytes
    def __init__(self, key: _Optional[bytes] = ..., request: _Optional[bytes] = ..., answer: _Optional[bytes] = ...) -> None: ...

class WriteSet(_message.Message):
    __slots__ = ("schema", "rows", "guards", "counters", "side_rows", "outbox", "inbox", "audit", "violations", "command", "aliases")
    class SideRowsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: SideRows
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[SideRows, _Mapping]] = ...) -> None: ...
    class ViolationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Refusal
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    GUARDS_FIELD_NUMBER: _ClassVar[int]
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    SIDE_ROWS_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_FIELD_NUMBER: _ClassVar[int]
    INBOX_FIELD_NUMBER: _ClassVar[int]
    AUDIT_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    schema: str
    rows: _containers.RepeatedCompositeFieldContainer[RowWrite]
    guards: _containers.RepeatedCompositeFieldContainer[Guard]
    counters: _containers.RepeatedCompositeFieldContainer[Counter]
    side_rows: _containers.MessageMap[str, SideRows]
    outbox: _containers.RepeatedCompositeFieldContainer[OutboxRow]
    inbox: _containers.RepeatedCompositeFieldContainer[InboxRow]
    audit: _containers.RepeatedCompositeFieldContainer[AuditRow]
    violations: _containers.MessageMap[str, Refusal]
    command: Command
    aliases: _containers.RepeatedCompositeFieldContainer[AliasWrite]
    def __init__(self, schema: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[RowWrite, _Mapping]]] = ..., guards: _Optional[_Iterable[_Union[Guard, _Mapping]]] = ..., counters: _Optional[_Iterable[_Union[Counter, _Mapping]]] = ..., side_rows: _Optional[_Mapping[str, SideRows]] = ..., outbox: _Optional[_Iterable[_Union[OutboxRow, _Mapping]]] = ..., inbox: _Optional[_Iterable[_Union[InboxRow, _Mapping]]] = ..., audit: _Optional[_Iterable[_Union[AuditRow, _Mapping]]] = ..., violations: _Optional[_Mapping[str, Refusal]] = ..., command: _Optional[_Union[Command, _Mapping]] = ..., aliases: _Optional[_Iterable[_Union[AliasWrite, _Mapping]]] = ...) -> None: ...
