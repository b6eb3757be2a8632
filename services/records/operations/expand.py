"""ValueSet/$expand: the codes of a value set.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, cast

from services.records.terminology import value_set_of
from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import Issue, bad_request, unprocessable
from telerehab.fhir.terminology.expansion import Versions, content_of
from telerehab.fhir.terminology.showing import Wish, shown
from telerehab.operation import Operation, Parameters
from telerehab.resource import instant
from telerehab.unit_of_work import UnitOfWork

_DEFINITION = cast(JsonObject, operation_definition("expand", "ValueSet"))
_NOT_RECORDED = frozenset({"url", "valueSet", "context", "contextDirection"})
_DIRECTIONS = frozenset({None, "incoming", "outgoing"})


async def _expand(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """The ValueSet with its expansion; 422 where codes of it are not known here."""
    _refuse_what_is_not_done(parameters)
    wish = _wish(parameters)
    versions = Versions(
        _versions(parameters, "system-version"),
        _versions(parameters, "check-system-version"),
        _versions(parameters, "force-system-version"),
    )
    value_set, known = await value_set_of(parameters, work)
    content = content_of(value_set, known, versions).whole()
    return shown(
        value_set,
        content,
        wish,
        identifier=uuid.uuid4().urn,
        timestamp=instant(work.now),
        said=list(_recorded(parameters)),
    )


def _wish(parameters: Parameters) -> Wish:
    return Wish(
        filter=parameters.one("filter") or "",
        offset=_not_negative(parameters, "offset"),
        count=_not_negative(parameters, "count"),
        designations=parameters.one("includeDesignations") or False,
        designation=parameters.all("designation"),
        active_only=parameters.one("activeOnly") or False,
        selectable_only=parameters.one("excludeNotForUI") or False,
        language=parameters.one("displayLanguage"),
        without_systems=frozenset(parameters.all("exclude-system")),
        definition=parameters.one("includeDefinition") or False,
    )


def _refuse_what_is_not_done(parameters: Parameters) -> None:
    if parameters.one("date") is not None:
        told = "Definitions are kept as they are now, not as they were: 'date' cannot be honoured."
        raise unprocessable([Issue("not-supported", told, "Parameters.date")])
    if parameters.one("contextDirection") not in _DIRECTIONS:
        told = "'contextDirection' is incoming or outgoing."
        raise bad_request(told, "Parameters.contextDirection", "code-invalid")


def _not_negative(parameters: Parameters, name: str) -> int | None:
    value = parameters.one(name)
    if value is not None and value < 0:
        raise bad_request(f"'{name}' is 0 or more.", f"Parameters.{name}", "value")
    return None if value is None else int(value)


def _versions(parameters: Parameters, name: str) -> dict[str, str]:
    versions = {}
    for canonical in parameters.all(name):
        url, _, version = str(canonical).partition("|")
        if not version:
            raise bad_request(f"'{name}' is written as [system]|[version].", f"Parameters.{name}", "value")
        versions[url] = version
    return versions


def _recorded(parameters: Parameters) -> Iterable[JsonObject]:
    """What of the input affects the expansion, as ValueSet.expansion.parameter has it."""
    types = {one["name"]: one["type"] for one in _DEFINITION["parameter"] if one["use"] == "in"}
    for name, values in parameters.values.items():
        if name not in _NOT_RECORDED:
            for value in values:
                yield {"name": name, _VALUES.get(types[name], "valueString"): value}


_VALUES: dict[str, Any] = {
    "boolean": "valueBoolean",
    "integer": "valueInteger",
    "code": "valueCode",
    "uri": "valueUri",
    "canonical": "valueUri",
}

expand = Operation(_DEFINITION, _expand)
