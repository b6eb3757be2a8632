"""What client and server agree on by headers: the format, what a write answers, how strict a search is.

https://hl7.org/fhir/R4/http.html#mime-type
https://hl7.org/fhir/R4/http.html#ops
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from telerehab.fhir.outcome import FhirError, bad_request, not_acceptable, unsupported_media_type

FHIR_JSON = "application/fhir+json; charset=utf-8"
_JSON = frozenset({"application/fhir+json", "application/json"})
_ACCEPTED = _JSON | {"application/*", "*/*"}
_FORMATS = _JSON | {"json", "application/fhir json"}  # a plus that was not escaped
_RETURNS = ("representation", "minimal", "OperationOutcome")
_VERSION = re.compile(r"4\.0(\.\d+)?")
_PREFERENCE = re.compile(r'\s*([A-Za-z-]+)\s*=\s*"?([A-Za-z-]+)"?')


class Preferences(NamedTuple):
    """The `Prefer` header: what a write returns, whether a search ignores what it does not know, or explains itself."""

    returns: str = "representation"
    lenient: bool = False
    explains: bool = False


@lru_cache(maxsize=256)
def preferences(header: str) -> Preferences:
    """Read `Prefer`; what is not known there is ignored, as RFC 7240 wants it."""
    named = dict(found for part in re.split("[,;]", header) if (found := _preference(part)))
    returns = named.get("return", "representation")
    if returns not in _RETURNS:
        returns = "representation"
    explains = any(part.strip().lower() == "explain" for part in re.split("[,;]", header))
    return Preferences(returns, named.get("handling") == "lenient", explains)


def _preference(part: str) -> tuple[str, str] | None:
    match = _PREFERENCE.fullmatch(part.rstrip())
    return (match[1].lower(), match[2]) if match else None


def require_acceptable(accept: str, format_: str | None) -> None:
    """406 unless the client takes JSON; `_format` counts for more than the Accept header."""
    wanted = accept if format_ is None else format_
    if not (_is_acceptable(accept) if format_ is None else _is_format(format_)):
        raise not_acceptable(wanted)


def require_json(content_type: str) -> None:
    """415 unless a body is declared as JSON in UTF-8."""
    if not _is_json(content_type):
        raise unsupported_media_type(content_type)


def require_form(content_type: str) -> None:
    """415 unless a body is declared as a form."""
    if _media_type(content_type)[0] != "application/x-www-form-urlencoded":
        raise FhirError(415, unsupported_media_type(content_type).issues)


def pretty(value: str | None) -> bool:
    """Read `_pretty`; 400 for what is not a boolean."""
    if value not in (None, "true", "false"):
        raise bad_request("_pretty is true or false.", "_pretty", "value")
    return value == "true"


@lru_cache(maxsize=256)
def _is_acceptable(accept: str) -> bool:
    return not accept.strip() or any(_accepts(part) for part in accept.split(","))


def _accepts(part: str) -> bool:
    media_type, parameters = _media_type(part)
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        quality = 0.0
    version = parameters.get("fhirversion", "4.0")
    return media_type in _ACCEPTED and quality > 0 and _VERSION.fullmatch(version) is not None


@lru_cache(maxsize=64)
def _is_format(format_: str) -> bool:
    media_type, parameters = _media_type(format_)
    return media_type in _FORMATS and _VERSION.fullmatch(parameters.get("fhirversion", "4.0")) is not None


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    media_type, parameters = _media_type(content_type)
    right_version = _VERSION.fullmatch(parameters.get("fhirversion", "4.0")) is not None
    return media_type in _JSON and parameters.get("charset", "utf-8").lower() == "utf-8" and right_version


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    media_type, *listed = (part.strip() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in listed)
    return media_type.lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
