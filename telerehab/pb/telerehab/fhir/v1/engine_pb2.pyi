import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from telerehab.pb.telerehab.fhir.v1 import history_pb2 as _history_pb2
from telerehab.pb.telerehab.fhir.v1 import resource_pb2 as _resource_pb2
from telerehab.pb.telerehab.fhir.v1 import write_set_pb2 as _write_set_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReadRequest(_message.Message):
    __slots__ = ("caller", "references")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    references: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., references: _Optional[_Iterable[str]] = ...) -> None: ...

class ReadResponse(_message.Message):
    __slots__ = ("resources",)
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    resources: _containers.RepeatedCompositeFieldContainer[_resource_pb2.Resource]
    def __init__(self, resources: _Optional[_Iterable[_Union[_resource_pb2.Resource, _Mapping]]] = ...) -> None: ...

class IncludeRequest(_message.Message):
    __slots__ = ("caller", "references", "referred", "revincludes", "limit")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    REFERRED_FIELD_NUMBER: _ClassVar[int]
    REVINCLUDES_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    references: _containers.RepeatedScalarFieldContainer[str]
    referred: _containers.RepeatedScalarFieldContainer[str]
    revincludes: _containers.RepeatedCompositeFieldContainer[Revinclude]
    limit: int
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., references: _Optional[_Iterable[str]] = ..., referred: _Optional[_Iterable[str]] = ..., revincludes: _Optional[_Iterable[_Union[Revinclude, _Mapping]]] = ..., limit: _Optional[int] = ...) -> None: ...

class Revinclude(_message.Message):
    __slots__ = ("source_type", "parameters", "target_type")
    SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    TARGET_TYPE_FIELD_NUMBER: _ClassVar[int]
    source_type: str
    parameters: _containers.RepeatedScalarFieldContainer[int]
    target_type: str
    def __init__(self, source_type: _Optional[str] = ..., parameters: _Optional[_Iterable[int]] = ..., target_type: _Optional[str] = ...) -> None: ...

class IncludeResponse(_message.Message):
    __slots__ = ("resources",)
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    resources: _containers.RepeatedCompositeFieldContainer[_resource_pb2.Resource]
    def __init__(self, resources: _Optional[_Iterable[_Union[_resource_pb2.Resource, _Mapping]]] = ...) -> None: ...

class SearchRequest(_message.Message):
    __slots__ = ("caller", "query", "cursor", "compartment")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    COMPARTMENT_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    query: str
    cursor: str
    compartment: str
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., query: _Optional[str] = ..., cursor: _Optional[str] = ..., compartment: _Optional[str] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("matches", "included", "next_cursor", "total", "outcome")
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    INCLUDED_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[_resource_pb2.Resource]
    included: _containers.RepeatedCompositeFieldContainer[_resource_pb2.Resource]
    next_cursor: str
    total: int
    outcome: str
    def __init__(self, matches: _Optional[_Iterable[_Union[_resource_pb2.Resource, _Mapping]]] = ..., included: _Optional[_Iterable[_Union[_resource_pb2.Resource, _Mapping]]] = ..., next_cursor: _Optional[str] = ..., total: _Optional[int] = ..., outcome: _Optional[str] = ...) -> None: ...

class CompartmentRequest(_message.Message):
    __slots__ = ("caller", "patients", "types", "since", "start", "end", "count", "cursor")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    PATIENTS_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    patients: _containers.RepeatedScalarFieldContainer[str]
    types: _containers.RepeatedScalarFieldContainer[str]
    since: _timestamp_pb2.Timestamp
    start: str
    end: str
    count: int
    cursor: str
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., patients: _Optional[_Iterable[str]] = ..., types: _Optional[_Iterable[str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start: _Optional[str] = ..., end: _Optional[str] = ..., count: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class CompartmentResponse(_message.Message):
    __slots__ = ("resources", "next_cursor")
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    resources: _containers.RepeatedCompositeFieldContainer[_resource_pb2.Resource]
    next_cursor: str
    def __init__(self, resources: _Optional[_Iterable[_Union[_resource_pb2.Resource, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class IdsRequest(_message.Message):
    __slots__ = ("caller", "query", "parameters", "target_type")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    TARGET_TYPE_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    query: str
    parameters: _containers.RepeatedScalarFieldContainer[int]
    target_type: str
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., query: _Optional[str] = ..., parameters: _Optional[_Iterable[int]] = ..., target_type: _Optional[str] = ...) -> None: ...

class IdsResponse(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ResolveRequest(_message.Message):
    __slots__ = ("caller", "criteria", "base_url")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    CRITERIA_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    criteria: _containers.RepeatedScalarFieldContainer[str]
    base_url: str
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., criteria: _Optional[_Iterable[str]] = ..., base_url: _Optional[str] = ...) -> None: ...

class Matches(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ResolveResponse(_message.Message):
    __slots__ = ("matches",)
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[Matches]
    def __init__(self, matches: _Optional[_Iterable[_Union[Matches, _Mapping]]] = ...) -> None: ...

class PlanEntry(_message.Message):
    __slots__ = ("index", "method", "type", "id", "content", "if_version", "if_absent", "criteria")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    IF_ABSENT_FIELD_NUMBER: _ClassVar[int]
    CRITERIA_FIELD_NUMBER: _ClassVar[int]
    index: int
    method: str
    type: str
    id: str
    content: str
    if_version: int
    if_absent: bool
    criteria: str
    def __init__(self, index: _Optional[int] = ..., method: _Optional[str] = ..., type: _Optional[str] = ..., id: _Optional[str] = ..., content: _Optional[str] = ..., if_version: _Optional[int] = ..., if_absent: _Optional[bool] = ..., criteria: _Optional[str] = ...) -> None: ...

class OverlayEntry(_message.Message):
    __slots__ = ("reference", "resource")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    resource: _resource_pb2.Resource
    def __init__(self, reference: _Optional[str] = ..., resource: _Optional[_Union[_resource_pb2.Resource, _Mapping]] = ...) -> None: ...

class Reliance(_message.Message):
    __slots__ = ("index", "type", "id", "criteria")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    CRITERIA_FIELD_NUMBER: _ClassVar[int]
    index: int
    type: str
    id: str
    criteria: str
    def __init__(self, index: _Optional[int] = ..., type: _Optional[str] = ..., id: _Optional[str] = ..., criteria: _Optional[str] = ...) -> None: ...

class PlanRequest(_message.Message):
    __slots__ = ("caller", "entries", "overlay", "base_url", "relied")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    RELIED_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    entries: _containers.RepeatedCompositeFieldContainer[PlanEntry]
    overlay: _containers.RepeatedCompositeFieldContainer[OverlayEntry]
    base_url: str
    relied: _containers.RepeatedCompositeFieldContainer[Reliance]
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[PlanEntry, _Mapping]]] = ..., overlay: _Optional[_Iterable[_Union[OverlayEntry, _Mapping]]] = ..., base_url: _Optional[str] = ..., relied: _Optional[_Iterable[_Union[Reliance, _Mapping]]] = ...) -> None: ...

class PlannedEntry(_message.Message):
    __slots__ = ("index", "status", "unchanged")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    index: int
    status: int
    unchanged: _resource_pb2.Resource
    def __init__(self, index: _Optional[int] = ..., status: _Optional[int] = ..., unchanged: _Optional[_Union[_resource_pb2.Resource, _Mapping]] = ...) -> None: ...

class PlanResponse(_message.Message):
    __slots__ = ("write_set", "entries", "stale")
    WRITE_SET_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    write_set: _write_set_pb2.WriteSet
    entries: _containers.RepeatedCompositeFieldContainer[PlannedEntry]
    stale: bool
    def __init__(self, write_set: _Optional[_Union[_write_set_pb2.WriteSet, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[PlannedEntry, _Mapping]]] = ..., stale: _Optional[bool] = ...) -> None: ...

class RefusedRequest(_message.Message):
    __slots__ = ("caller", "status")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    status: int
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., status: _Optional[int] = ...) -> None: ...

class RefusedResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Pair(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class HandleRequest(_message.Message):
    __slots__ = ("caller", "method", "base_url", "path", "query", "headers", "body")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    method: str
    base_url: str
    path: _containers.RepeatedScalarFieldContainer[str]
    query: _containers.RepeatedCompositeFieldContainer[Pair]
    headers: _containers.RepeatedCompositeFieldContainer[Pair]
    body: bytes
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., method: _Optional[str] = ..., base_url: _Optional[str] = ..., path: _Optional[_Iterable[str]] = ..., query: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., headers: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., body: _Optional[bytes] = ...) -> None: ...

class HandleResponse(_message.Message):
    __slots__ = ("status", "headers", "body", "last_updated")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    LAST_UPDATED_FIELD_NUMBER: _ClassVar[int]
    status: int
    headers: _containers.RepeatedCompositeFieldContainer[Pair]
    body: bytes
    last_updated: _timestamp_pb2.Timestamp
    def __init__(self, status: _Optional[int] = ..., headers: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., body: _Optional[bytes] = ..., last_updated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
