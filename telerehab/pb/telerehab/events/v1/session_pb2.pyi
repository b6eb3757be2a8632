import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionCheckedIn(_message.Message):
    __slots__ = ("encounter_id", "encounter_version", "appointment_id", "patient_id", "arrived")
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    APPOINTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ARRIVED_FIELD_NUMBER: _ClassVar[int]
    encounter_id: str
    encounter_version: int
    appointment_id: str
    patient_id: str
    arrived: _timestamp_pb2.Timestamp
    def __init__(self, encounter_id: _Optional[str] = ..., encounter_version: _Optional[int] = ..., appointment_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., arrived: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SessionStarted(_message.Message):
    __slots__ = ("encounter_id", "encounter_version", "appointment_id", "patient_id", "start")
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    APPOINTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    encounter_id: str
    encounter_version: int
    appointment_id: str
    patient_id: str
    start: _timestamp_pb2.Timestamp
    def __init__(self, encounter_id: _Optional[str] = ..., encounter_version: _Optional[int] = ..., appointment_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SessionFinished(_message.Message):
    __slots__ = ("encounter_id", "encounter_version", "appointment_id", "patient_id", "practitioner_ids", "start", "end", "service_request_ids")
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    APPOINTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRACTITIONER_IDS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    SERVICE_REQUEST_IDS_FIELD_NUMBER: _ClassVar[int]
    encounter_id: str
    encounter_version: int
    appointment_id: str
    patient_id: str
    practitioner_ids: _containers.RepeatedScalarFieldContainer[str]
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    service_request_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, encounter_id: _Optional[str] = ..., encounter_version: _Optional[int] = ..., appointment_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., practitioner_ids: _Optional[_Iterable[str]] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., service_request_ids: _Optional[_Iterable[str]] = ...) -> None: ...
