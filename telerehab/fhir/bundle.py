"""Bundles: building the ones we answer with, reading the ones we are sent.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, bad_request, too_large
from telerehab.fhir.own_references import relative_reference

MAX_ENTRIES = 1000
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a batch or transaction; `index` is its place in the bundle, `url` is relative to the base.

    `headers` are its conditions under the names of the HTTP headers they stand for.
    """

    index: int
    method: str
    url: str
    full_url: str | None
    resource: JsonObject | None
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return self.url.partition("?")[0]

    @property
    def where(self) -> str:
        """The FHIRPath of the entry, for issues."""
        return f"Bundle.entry[{self.index}]"


_CONDITIONS = {
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
    "ifMatch": "if-match",
    "ifNoneExist": "if-none-exist",
}


def entries_of(bundle: JsonObject, base_url: str) -> list[Entry]:
    """The entries of a transaction.

    Raises 413 beyond `MAX_ENTRIES`, 400 naming the entry that is malformed.
    """
    return [entry_of(index, entry, base_url) for index, entry in enumerate(listed_entries(bundle))]


def listed_entries(bundle: JsonObject) -> list[Any]:
    """The entries of a batch or transaction as they stand there, unread; 413 beyond `MAX_ENTRIES`."""
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise bad_request("Bundle.entry must be a list.", "Bundle.entry", "structure")
    if len(listed) > MAX_ENTRIES:
        raise too_large(f"A bundle may have {MAX_ENTRIES} entries, this one has {len(listed)}.")
    return listed


def entry_of(index: int, entry: Any, base_url: str) -> Entry:
    """One entry; 400 naming it where it is malformed."""
    where = f"Bundle.entry[{index}]"
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise bad_request("Each entry needs a request.", f"{where}.request", "required")
    method, url = request.get("method"), request.get("url")
    if method not in METHODS:
        raise bad_request(
            f"request.method is one of {', '.join(METHODS)}.", f"{where}.request.method", "value"
        )
    if not isinstance(url, str) or not url:
        raise bad_request("request.url is required.", f"{where}.request.url", "required")
    full_url, resource = entry.get("fullUrl"), entry.get("resource")
    if full_url is not None and not isinstance(full_url, str):
        raise bad_request("fullUrl is a string.", f"{where}.fullUrl", "structure")
    if resource is not None and not (
        isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)
    ):
        raise bad_request("The resource must name its resourceType.", f"{where}.resource", "structure")
    if (
        method in ("POST", "PUT", "PATCH")
        and resource is None
        and not url.partition("?")[0].endswith("_search")
    ):
        raise bad_request(f"A {method} needs a resource.", f"{where}.resource", "required")
    url = relative_reference(url, base_url).removeprefix("/")
    return Entry(index, method, url, full_url, resource, _conditions(request, where))


def _conditions(request: dict[str, Any], where: str) -> dict[str, str]:
    conditions = {}
    for element, header in _CONDITIONS.items():
        value = request.get(element)
        if value is None:
            continue
        if not isinstance(value, str):
            raise bad_request(f"request.{element} is a string.", f"{where}.request.{element}", "structure")
        conditions[header] = value
    return conditions


def located(entry: Entry, error: FhirError) -> FhirError:
    """The error, located at its entry unless it says already where in the bundle it is."""
    if all((issue.expression or "").startswith("Bundle.entry[") for issue in error.issues):
        return error
    return error.at(entry.where)


# Building

Link = tuple[str, str]
"""Relation ("self", "next") and URL."""


def page_link(url: str, pairs: Pairs) -> str:
    """A URL with parameters, as the links of a page want it."""
    query = urlencode(list(pairs), safe=":/|,$*")
    return f"{url}?{query}" if query else url


def bundle(
    type_: str,
    entries: Sequence[JsonObject],
    *,
    links: Iterable[Link] = (),
    total: int | None = None,
    last_updated: str | None = None,
) -> JsonObject:
    """A Bundle, its resources JSON, `json.Wire` or `orjson.Fragment`.

    FHIR has no empty lists: one without entries has no `entry`. `last_updated` is an instant.
    """
    content: JsonObject = {"resourceType": "Bundle"}
    if last_updated is not None:
        content["meta"] = {"lastUpdated": last_updated}
    content["type"] = type_
    if total is not None:
        content["total"] = total
    linked = [{"relation": relation, "url": url} for relation, url in links]
    if linked:
        content["link"] = linked
    if entries:
        content["entry"] = list(entries)
    return content


def found(full_url: str, resource: Any, mode: str) -> JsonObject:
    """An entry of a searchset: a "match", or an "include" or "outcome" beside it."""
    return {"fullUrl": full_url, "resource": resource, "search": {"mode": mode}}


def responded(
    status: int,
    *,
    location: str | None = None,
    etag: str | None = None,
    last_modified: str | None = None,
    resource: Any = None,
    outcome: Any = None,
    full_url: str | None = None,
) -> JsonObject:
    """An entry of a batch-response or transaction-response; `last_modified` is an instant."""
    named = {"location": location, "etag": etag, "lastModified": last_modified, "outcome": outcome}
    response = {"status": _status(status)}
    response |= {name: value for name, value in named.items() if value is not None}
    entry: JsonObject = {} if full_url is None else {"fullUrl": full_url}
    if resource is not None:
        entry["resource"] = resource
    return entry | {"response": response}


def _status(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


# Bundles that operations answer

Content = JsonObject | json.Wire
"""A resource by its content, or one that will be sent as it is stored."""


def collection(resources: Sequence[Content]) -> JsonObject:
    """A Bundle of resources that belong together."""
    return bundle("collection", [{"resource": one} for one in resources])


def searchset(resources: Sequence[Content], total: int) -> JsonObject:
    """A Bundle of matches; `total` is how many there are altogether."""
    entries = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    return bundle("searchset", entries, total=total)
