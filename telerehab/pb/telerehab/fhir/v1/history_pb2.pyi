import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from telerehab.pb.telerehab.fhir.v1 import resource_pb2 as _resource_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HistoryPlace(_message.Message):
    __slots__ = ("last_updated", "type", "id")
    LAST_UPDATED_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    last_updated: _timestamp_pb2.Timestamp
    type: str
    id: str
    def __init__(self, last_updated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., type: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class HistoryRequest(_message.Message):
    __slots__ = ("caller", "since", "until", "current_from", "current_before", "after", "count", "oldest_first")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FROM_FIELD_NUMBER: _ClassVar[int]
    CURRENT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OLDEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    caller: _resource_pb2.Caller
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    current_from: _timestamp_pb2.Timestamp
    current_before: _timestamp_pb2.Timestamp
    after: HistoryPlace
    count: int
    oldest_first: bool
    def __init__(self, caller: _Optional[_Union[_resource_pb2.Caller, _Mapping]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., current_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., current_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., after: _Optional[_Union[HistoryPlace, _Mapping]] = ..., count: _Optional[int] = ..., oldest_first: _Optional[bool] = ...) -> None: ...

class HistoryVersion(_message.Message):
    __slots__ = ("resource", "method")
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    resource: _resource_pb2.Resource
    method: str
    def __init__(self, resource: _Optional[_Union[_resource_pb2.Resource, _Mapping]] = ..., method: _Optional[str] = ...) -> None: ...

class HistoryResponse(_message.Message):
    __slots__ = ("versions", "more", "until")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[HistoryVersion]
    more: bool
    until: _timestamp_pb2.Timestamp
    def __init__(self, versions: _Optional[_Iterable[_Union[HistoryVersion, _Mapping]]] = ..., more: _Optional[bool] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
