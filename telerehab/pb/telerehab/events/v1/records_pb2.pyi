from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PatientMerged(_message.Message):
    __slots__ = ("patient_id", "patient_version", "into_patient_id")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    INTO_PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    patient_version: int
    into_patient_id: str
    def __init__(self, patient_id: _Optional[str] = ..., patient_version: _Optional[int] = ..., into_patient_id: _Optional[str] = ...) -> None: ...

class PatientUnmerged(_message.Message):
    __slots__ = ("patient_id", "patient_version", "from_patient_id")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    FROM_PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    patient_version: int
    from_patient_id: str
    def __init__(self, patient_id: _Optional[str] = ..., patient_version: _Optional[int] = ..., from_patient_id: _Optional[str] = ...) -> None: ...
