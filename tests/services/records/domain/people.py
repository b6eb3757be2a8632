"""People that tests of matching compare."""

from __future__ import annotations

from typing import Any

from telerehab.fhir.json import JsonObject

MRN = "http://hospital.example.org/mrn"


def mr(value: str, system: str = MRN, code: str = "MR") -> JsonObject:
    type_ = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code}]}
    return {"system": system, "value": value, "type": type_}


ADA: JsonObject = {
    "identifier": [mr("123")],
    "name": [{"family": "Okafor", "given": ["Ada", "Ngozi"]}],
    "birthDate": "1961-04-12",
    "gender": "female",
    "telecom": [{"system": "phone", "value": "+44 20 7946 0018"}],
    "address": [{"line": ["1 High Street"], "city": "Leeds", "postalCode": "LS1 1AA"}],
}
DEMOGRAPHICS = {name: value for name, value in ADA.items() if name != "identifier"}
BARE = {name: ADA[name] for name in ("name", "birthDate", "gender")}


def named(family: str, *names: str, **rest: Any) -> list[JsonObject]:
    return [{"family": family, "given": list(names), **rest}]


def but(patient: JsonObject, **other: Any) -> JsonObject:
    changed = {**patient, **other}
    return {name: value for name, value in changed.items() if value is not None}
