import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProgrammeChanged(_message.Message):
    __slots__ = ("care_plan_id", "care_plan_version", "patient_id", "status", "start", "end", "exercises", "plan_definition_id")
    CARE_PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_PLAN_VERSION_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    EXERCISES_FIELD_NUMBER: _ClassVar[int]
    PLAN_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    care_plan_id: str
    care_plan_version: int
    patient_id: str
    status: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    exercises: _containers.RepeatedCompositeFieldContainer[PrescribedExercise]
    plan_definition_id: str
    def __init__(self, care_plan_id: _Optional[str] = ..., care_plan_version: _Optional[int] = ..., patient_id: _Optional[str] = ..., status: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., exercises: _Optional[_Iterable[_Union[PrescribedExercise, _Mapping]]] = ..., plan_definition_id: _Optional[str] = ...) -> None: ...

class PrescribedExercise(_message.Message):
    __slots__ = ("service_request_id", "activity_definition_id", "sets", "repetitions", "hold_seconds", "frequency", "period_days", "service_request_version", "status", "variant", "side", "duration_seconds", "distance_metres", "load", "load_unit", "pain_limit", "days_of_week")
    SERVICE_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    SETS_FIELD_NUMBER: _ClassVar[int]
    REPETITIONS_FIELD_NUMBER: _ClassVar[int]
    HOLD_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    PERIOD_DAYS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_REQUEST_VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_METRES_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    LOAD_UNIT_FIELD_NUMBER: _ClassVar[int]
    PAIN_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DAYS_OF_WEEK_FIELD_NUMBER: _ClassVar[int]
    service_request_id: str
    activity_definition_id: str
    sets: int
    repetitions: int
    hold_seconds: int
    frequency: int
    period_days: int
    service_request_version: int
    status: str
    variant: str
    side: str
    duration_seconds: int
    distance_metres: int
    load: str
    load_unit: str
    pain_limit: int
    days_of_week: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, service_request_id: _Optional[str] = ..., activity_definition_id: _Optional[str] = ..., sets: _Optional[int] = ..., repetitions: _Optional[int] = ..., hold_seconds: _Optional[int] = ..., frequency: _Optional[int] = ..., period_days: _Optional[int] = ..., service_request_version: _Optional[int] = ..., status: _Optional[str] = ..., variant: _Optional[str] = ..., side: _Optional[str] = ..., duration_seconds: _Optional[int] = ..., distance_metres: _Optional[int] = ..., load: _Optional[str] = ..., load_unit: _Optional[str] = ..., pain_limit: _Optional[int] = ..., days_of_week: _Optional[_Iterable[str]] = ...) -> None: ...
