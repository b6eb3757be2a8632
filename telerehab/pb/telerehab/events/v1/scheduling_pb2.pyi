import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AppointmentBooked(_message.Message):
    __slots__ = ("appointment_id", "appointment_version", "encounter_id", "join_token", "patient_id", "practitioner_ids", "location_id", "start", "end", "service_request_ids", "healthcare_service_id")
    APPOINTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    APPOINTMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    JOIN_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRACTITIONER_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    SERVICE_REQUEST_IDS_FIELD_NUMBER: _ClassVar[int]
    HEALTHCARE_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    appointment_id: str
    appointment_version: int
    encounter_id: str
    join_token: str
    patient_id: str
    practitioner_ids: _containers.RepeatedScalarFieldContainer[str]
    location_id: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    service_request_ids: _containers.RepeatedScalarFieldContainer[str]
    healthcare_service_id: str
    def __init__(self, appointment_id: _Optional[str] = ..., appointment_version: _Optional[int] = ..., encounter_id: _Optional[str] = ..., join_token: _Optional[str] = ..., patient_id: _Optional[str] = ..., practitioner_ids: _Optional[_Iterable[str]] = ..., location_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., service_request_ids: _Optional[_Iterable[str]] = ..., healthcare_service_id: _Optional[str] = ...) -> None: ...

class AppointmentRescheduled(_message.Message):
    __slots__ = ("appointment_id", "appointment_version", "encounter_id", "patient_id", "practitioner_ids", "location_id", "start", "end", "previous_start", "previous_end")
    APPOINTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    APPOINTMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRACTITIONER_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_START_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_END_FIELD_NUMBER: _ClassVar[int]
    appointment_id: str
    appointment_version: int
    encounter_id: str
    patient_id: str
    practitioner_ids: _containers.RepeatedScalarFieldContainer[str]
    location_id: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    previous_start: _timestamp_pb2.Timestamp
    previous_end: _timestamp_pb2.Timestamp
    def __init__(self, appointment_id: _Optional[str] = ..., appointment_version: _Optional[int] = ..., encounter_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., practitioner_ids: _Optional[_Iterable[str]] = ..., location_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., previous_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., previous_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AppointmentCancelled(_message.Message):
    __slots__ = ("appointment_id", "appointment_version", "encounter_id", "patient_id", "practitioner_ids", "start", "end", "reason_code")
    APPOINTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    APPOINTMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRACTITIONER_IDS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    REASON_CODE_FIELD_NUMBER: _ClassVar[int]
    appointment_id: str
    appointment_version: int
    encounter_id: str
    patient_id: str
    practitioner_ids: _containers.RepeatedScalarFieldContainer[str]
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    reason_code: str
    def __init__(self, appointment_id: _Optional[str] = ..., appointment_version: _Optional[int] = ..., encounter_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., practitioner_ids: _Optional[_Iterable[str]] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason_code: _Optional[str] = ...) -> None: ...

class AppointmentNoShow(_message.Message):
    __slots__ = ("appointment_id", "appointment_version", "encounter_id", "patient_id", "start")
    APPOINTMENT_ID_FIELD_NUMBER: _ClassVar[int]
    APPOINTMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    appointment_id: str
    appointment_version: int
    encounter_id: str
    patient_id: str
    start: _timestamp_pb2.Timestamp
    def __init__(self, appointment_id: _Optional[str] = ..., appointment_version: _Optional[int] = ..., encounter_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
