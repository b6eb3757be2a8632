import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Access(_message.Message):
    __slots__ = ("everything", "patients", "shared_types")
    EVERYTHING_FIELD_NUMBER: _ClassVar[int]
    PATIENTS_FIELD_NUMBER: _ClassVar[int]
    SHARED_TYPES_FIELD_NUMBER: _ClassVar[int]
    everything: bool
    patients: _containers.RepeatedScalarFieldContainer[str]
    shared_types: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, everything: _Optional[bool] = ..., patients: _Optional[_Iterable[str]] = ..., shared_types: _Optional[_Iterable[str]] = ...) -> None: ...

class Caller(_message.Message):
    __slots__ = ("name", "request_id", "address", "access")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    name: str
    request_id: str
    address: str
    access: Access
    def __init__(self, name: _Optional[str] = ..., request_id: _Optional[str] = ..., address: _Optional[str] = ..., access: _Optional[_Union[Access, _Mapping]] = ...) -> None: ...

class Resource(_message.Message):
    __slots__ = ("type", "id", "version", "last_updated", "deleted", "text", "splice", "compartments")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LAST_UPDATED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SPLICE_FIELD_NUMBER: _ClassVar[int]
    COMPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    type: str
    id: str
    version: int
    last_updated: _timestamp_pb2.Timestamp
    deleted: bool
    text: str
    splice: int
    compartments: Compartments
    def __init__(self, type: _Optional[str] = ..., id: _Optional[str] = ..., version: _Optional[int] = ..., last_updated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deleted: _Optional[bool] = ..., text: _Optional[str] = ..., splice: _Optional[int] = ..., compartments: _Optional[_Union[Compartments, _Mapping]] = ...) -> None: ...

class Compartments(_message.Message):
    __slots__ = ("patients",)
    PATIENTS_FIELD_NUMBER: _ClassVar[int]
    patients: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, patients: _Optional[_Iterable[str]] = ...) -> None: ...
