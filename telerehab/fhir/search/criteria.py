"""Criteria: one `name=value` of a search to a predicate.

https://hl7.org/fhir/R4/search.html#modifiers
"""

from __future__ import annotations

from functools import lru_cache

from telerehab.fhir.outcome import too_costly
from telerehab.fhir.search.chains import chain, is_chain, listed, reverse_chain
from telerehab.fhir.search.escape import split, unescape
from telerehab.fhir.search.parameter import Parameter, Setting, parameters
from telerehab.fhir.search.predicate import (
    HasToken,
    IdIn,
    LastUpdated,
    Not,
    Predicate,
    any_of,
)
from telerehab.fhir.search.refusal import malformed, not_supported, unknown_modifier, unknown_parameter
from telerehab.fhir.search.rows import BEGINNING
from telerehab.fhir.search.types import SEARCH_TYPES
from telerehab.fhir.search.types.composite import supported
from telerehab.fhir.search.types.date import parse_range

MAX_VALUES = 200

LONGEST_KEPT = 200
"""Characters of a value whose meaning is remembered."""
_LASTING = frozenset({"number", "quantity", "string", "token", "uri"})
_NO_SETTING = Setting("", BEGINNING, lambda patient: (patient,))

_REFUSED = {
    "_text": "there is no full-text index",
    "_content": "there is no full-text index",
    "_filter": "use ordinary parameters",
    "_query": "there are no named queries",
    "_type": "the type is in the URL",
}
_NEGATIONS = {"not": None, "not-in": "in"}
"""Modifiers that ask for the complement, of which other modifier."""


def criterion(resource: str, name: str, value: str, setting: Setting) -> Predicate:
    """What one parameter of a type-level search asks; commas in `value` mean or. Raises `FhirError` 400."""
    if len(value) <= LONGEST_KEPT and _is_lasting(resource, name):
        return _lasting(resource, name, value)
    return _criterion(resource, name, value, setting)


@lru_cache(maxsize=1 << 12)  # names may be a client's
def _is_lasting(resource: str, name: str) -> bool:
    """Whether what is asked by `name` follows from the value alone, for all time."""
    parameter = parameters(resource).get(name)
    return parameter is not None and parameter.type in _LASTING and name[:1] != "_"


@lru_cache(maxsize=1 << 12)
def _lasting(resource: str, name: str, value: str) -> Predicate:
    return _criterion(resource, name, value, _NO_SETTING)


def _criterion(resource: str, name: str, value: str, setting: Setting) -> Predicate:
    code, _, suffix = name.partition(":")
    modifier = suffix or None
    if code in _REFUSED:
        raise not_supported(code, _REFUSED[code])
    if "\0" in value:
        raise malformed(code, "text: it holds a NUL character")
    if is_chain(name):
        return chain(resource, name, value, setting, criterion)
    if code == "_has":
        return reverse_chain(resource, name, value, setting, criterion)
    values = split(value, ",")
    if len(values) > MAX_VALUES:
        raise too_costly(f"'{code}' takes {MAX_VALUES} values at most.")
    if code == "_list":
        if modifier:
            raise unknown_modifier(code, modifier)
        return listed(resource, values)
    parameter = parameters(resource).get(code)
    if parameter is None:
        raise unknown_parameter(resource, code)
    if code in ("_id", "_lastUpdated"):
        return _column(code, modifier, values, setting)
    if modifier == "missing":
        return _missing(parameter, value)
    return _values(parameter, modifier, values, setting)


def searchable(parameter: Parameter) -> bool:
    """Whether a search by it is answered, so that it may be advertised."""
    if parameter.code in _REFUSED or parameter.type == "special":
        return False
    return parameter.type != "composite" or supported(parameter)


def _values(parameter: Parameter, modifier: str | None, values: list[str], setting: Setting) -> Predicate:
    kind = SEARCH_TYPES[parameter.type]
    negated = kind.NOT and modifier in _NEGATIONS
    if negated:
        modifier = _NEGATIONS[modifier or ""]
    if modifier is not None and modifier not in kind.MODIFIERS:
        raise unknown_modifier(parameter.code, modifier)
    found = any_of(
        [kind.parse(part, modifier, value, setting) for value in values for part in parameter.indexed]
    )
    return Not(found) if negated else found


def _missing(parameter: Parameter, value: str) -> Predicate:
    if parameter.type in ("composite", "special"):
        raise unknown_modifier(parameter.code, "missing")
    if value not in ("true", "false"):
        raise malformed(f"{parameter.code}:missing", "'true' or 'false'")
    present = HasToken(parameter.present)
    return Not(present) if value == "true" else present


def _column(code: str, modifier: str | None, values: list[str], setting: Setting) -> Predicate:
    if modifier:
        raise unknown_modifier(code, modifier)
    if code == "_id":
        if not all(values):
            raise malformed(code, "an id")
        return IdIn(tuple(dict.fromkeys(unescape(value) for value in values)))
    return any_of([LastUpdated(*parse_range(code, value, setting.now)) for value in values])
