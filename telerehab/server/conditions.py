"""Conditions on versions and times: If-Match, If-None-Match, If-Modified-Since.

https://hl7.org/fhir/R4/http.html#concurrency
https://hl7.org/fhir/R4/http.html#cread
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from telerehab.fhir.outcome import bad_request
from telerehab.resource import Resource

NEVER = -1
_ETAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')
_ETAGS = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"(?:\s*,\s*(?:W/)?"[\x21\x23-\x7e]*")*')
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


def if_match(header: str | None) -> int | None:
    """The version that must be current; `NEVER` for a tag that no version has, None without the header.

    Raises 400 for what is not one entity tag.
    """
    if header is None:
        return None
    match = _ETAG.fullmatch(header.strip())
    if match is None:
        raise bad_request('If-Match takes one version, as W/"3".', "http.If-Match", "value")
    return int(match[1]) if _VERSION.fullmatch(match[1]) else NEVER


def only_if_absent(header: str | None) -> bool:
    """Whether a write carries `If-None-Match: *`; 400 for any other tag, which would mean nothing on a write."""
    if header is None:
        return False
    if header.strip() != "*":
        raise bad_request("On a write If-None-Match takes * only.", "http.If-None-Match", "value")
    return True


def unmodified(resource: Resource, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the client's copy is still the current one, so that 304 answers its read.

    As RFC 9110 wants it: If-None-Match counts for more, and a date that cannot be read is ignored.
    """
    if if_none_match is not None:
        tags = if_none_match.strip()
        return tags == "*" or (
            _ETAGS.fullmatch(tags) is not None and str(resource.version) in _ETAG.findall(tags)
        )
    if if_modified_since is None or resource.last_updated is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    since = since.replace(tzinfo=since.tzinfo or UTC)
    return resource.last_updated.replace(microsecond=0) <= since


def http_date(moment: datetime) -> str:
    """A time as HTTP headers have it: "Sun, 06 Nov 1994 08:49:37 GMT"."""
    utc = moment.astimezone(UTC)
    return (
        f"{_DAYS[utc.weekday()]}, {utc.day:02d} {_MONTHS[utc.month - 1]} {utc.year:04d}"
        f" {utc.hour:02d}:{utc.minute:02d}:{utc.second:02d} GMT"
    )
