import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExerciseLogged(_message.Message):
    __slots__ = ("source", "source_version", "patient_id", "care_plan_id", "service_request_id", "done", "sets_done", "repetitions_done", "pain", "exertion", "client_id", "offset_minutes", "completion_percent", "seconds_done", "metres_done", "extra_repetitions", "pain_before", "pain_after", "pain_next_morning", "symptoms", "withdrawn")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    SETS_DONE_FIELD_NUMBER: _ClassVar[int]
    REPETITIONS_DONE_FIELD_NUMBER: _ClassVar[int]
    PAIN_FIELD_NUMBER: _ClassVar[int]
    EXERTION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_MINUTES_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_PERCENT_FIELD_NUMBER: _ClassVar[int]
    SECONDS_DONE_FIELD_NUMBER: _ClassVar[int]
    METRES_DONE_FIELD_NUMBER: _ClassVar[int]
    EXTRA_REPETITIONS_FIELD_NUMBER: _ClassVar[int]
    PAIN_BEFORE_FIELD_NUMBER: _ClassVar[int]
    PAIN_AFTER_FIELD_NUMBER: _ClassVar[int]
    PAIN_NEXT_MORNING_FIELD_NUMBER: _ClassVar[int]
    SYMPTOMS_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    source: str
    source_version: int
    patient_id: str
    care_plan_id: str
    service_request_id: str
    done: _timestamp_pb2.Timestamp
    sets_done: int
    repetitions_done: int
    pain: int
    exertion: int
    client_id: str
    offset_minutes: int
    completion_percent: int
    seconds_done: int
    metres_done: int
    extra_repetitions: int
    pain_before: int
    pain_after: int
    pain_next_morning: int
    symptoms: _containers.RepeatedScalarFieldContainer[str]
    withdrawn: bool
    def __init__(self, source: _Optional[str] = ..., source_version: _Optional[int] = ..., patient_id: _Optional[str] = ..., care_plan_id: _Optional[str] = ..., service_request_id: _Optional[str] = ..., done: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sets_done: _Optional[int] = ..., repetitions_done: _Optional[int] = ..., pain: _Optional[int] = ..., exertion: _Optional[int] = ..., client_id: _Optional[str] = ..., offset_minutes: _Optional[int] = ..., completion_percent: _Optional[int] = ..., seconds_done: _Optional[int] = ..., metres_done: _Optional[int] = ..., extra_repetitions: _Optional[int] = ..., pain_before: _Optional[int] = ..., pain_after: _Optional[int] = ..., pain_next_morning: _Optional[int] = ..., symptoms: _Optional[_Iterable[str]] = ..., withdrawn: _Optional[bool] = ...) -> None: ...

class ScoreRecorded(_message.Message):
    __slots__ = ("observation_id", "observation_version", "patient_id", "code_system", "code", "value", "unit", "effective", "questionnaire_response_id", "encounter_id", "absent_reason", "status")
    OBSERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FIELD_NUMBER: _ClassVar[int]
    QUESTIONNAIRE_RESPONSE_ID_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_ID_FIELD_NUMBER: _ClassVar[int]
    ABSENT_REASON_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    observation_id: str
    observation_version: int
    patient_id: str
    code_system: str
    code: str
    value: str
    unit: str
    effective: _timestamp_pb2.Timestamp
    questionnaire_response_id: str
    encounter_id: str
    absent_reason: str
    status: str
    def __init__(self, observation_id: _Optional[str] = ..., observation_version: _Optional[int] = ..., patient_id: _Optional[str] = ..., code_system: _Optional[str] = ..., code: _Optional[str] = ..., value: _Optional[str] = ..., unit: _Optional[str] = ..., effective: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., questionnaire_response_id: _Optional[str] = ..., encounter_id: _Optional[str] = ..., absent_reason: _Optional[str] = ..., status: _Optional[str] = ...) -> None: ...

class SafetyAlertRaised(_message.Message):
    __slots__ = ("detected_issue_id", "detected_issue_version", "task_id", "patient_id", "severity", "rule_code", "due", "source")
    DETECTED_ISSUE_ID_FIELD_NUMBER: _ClassVar[int]
    DETECTED_ISSUE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    detected_issue_id: str
    detected_issue_version: int
    task_id: str
    patient_id: str
    severity: str
    rule_code: str
    due: _timestamp_pb2.Timestamp
    source: str
    def __init__(self, detected_issue_id: _Optional[str] = ..., detected_issue_version: _Optional[int] = ..., task_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., severity: _Optional[str] = ..., rule_code: _Optional[str] = ..., due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ...) -> None: ...

class SafetyAlertEscalated(_message.Message):
    __slots__ = ("detected_issue_id", "task_id", "task_version", "patient_id", "escalation", "priority", "due")
    DETECTED_ISSUE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_VERSION_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ESCALATION_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    detected_issue_id: str
    task_id: str
    task_version: int
    patient_id: str
    escalation: int
    priority: str
    due: _timestamp_pb2.Timestamp
    def __init__(self, detected_issue_id: _Optional[str] = ..., task_id: _Optional[str] = ..., task_version: _Optional[int] = ..., patient_id: _Optional[str] = ..., escalation: _Optional[int] = ..., priority: _Optional[str] = ..., due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SafetyAlertAcknowledged(_message.Message):
    __slots__ = ("detected_issue_id", "task_id", "task_version", "patient_id", "acknowledged_by", "acknowledged")
    DETECTED_ISSUE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_VERSION_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_BY_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    detected_issue_id: str
    task_id: str
    task_version: int
    patient_id: str
    acknowledged_by: str
    acknowledged: _timestamp_pb2.Timestamp
    def __init__(self, detected_issue_id: _Optional[str] = ..., task_id: _Optional[str] = ..., task_version: _Optional[int] = ..., patient_id: _Optional[str] = ..., acknowledged_by: _Optional[str] = ..., acknowledged: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RedFlagScreened(_message.Message):
    __slots__ = ("questionnaire_response_id", "questionnaire_response_version", "patient_id", "screening", "level", "screened")
    QUESTIONNAIRE_RESPONSE_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTIONNAIRE_RESPONSE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCREENING_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    SCREENED_FIELD_NUMBER: _ClassVar[int]
    questionnaire_response_id: str
    questionnaire_response_version: int
    patient_id: str
    screening: str
    level: str
    screened: _timestamp_pb2.Timestamp
    def __init__(self, questionnaire_response_id: _Optional[str] = ..., questionnaire_response_version: _Optional[int] = ..., patient_id: _Optional[str] = ..., screening: _Optional[str] = ..., level: _Optional[str] = ..., screened: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
