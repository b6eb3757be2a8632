"""The writes of a transaction: what each entry asks for, their order, and that no two are about one resource.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from telerehab.fhir.bundle import Entry
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, unknown_type
from telerehab.fhir.search import parse_query

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}")
"""What a logical id looks like; `.` and `..` would mean something else in a URL."""


@dataclass(frozen=True, slots=True)
class EntryWrite:
    """What one entry writes.

    `id` is "" where the server gives one, or where `criteria` (parameters, as in a URL) are to find one.
    """

    entry: Entry
    type: str
    id: str
    criteria: str | None
    content: JsonObject | None

    @property
    def asked(self) -> str | None:
        """What finds it or will find it ("Patient?identifier=1"): a reference by the same criteria is to it."""
        return None if self.criteria is None or self.method == "DELETE" else f"{self.type}?{self.criteria}"

    @property
    def source_version(self) -> object:
        """The version that a resource to be created had where it comes from, if it says so."""
        meta = self.content.get("meta") if self.content and self.method == "POST" else None
        return meta.get("versionId") if isinstance(meta, dict) else None

    @property
    def method(self) -> str:
        return self.entry.method

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"


def rank(entry: Entry) -> int:
    """The place of an entry's method in the order of processing."""
    return _ORDER[entry.method]


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """The order in which a transaction is processed: DELETE, POST, PUT and PATCH, GET and HEAD."""
    return sorted(entries, key=rank)


def refuse_doubled(entries: Sequence[Entry]) -> None:
    """400 where two entries have the same fullUrl."""
    seen: set[str] = set()
    issues = []
    for entry in entries:
        if entry.full_url in seen:
            issues.append(
                Issue("duplicate", "An earlier entry has the same fullUrl.", f"{entry.where}.fullUrl")
            )
        elif entry.full_url:
            seen.add(entry.full_url)
    if issues:
        raise FhirError(400, issues)


def refuse_overlaps(writes: Iterable[EntryWrite]) -> None:
    """422 where two entries write the same resource, however each came to its identity.

    One without an id writes nothing.
    """
    first: dict[str, EntryWrite] = {}
    issues = []
    for write in sorted(writes, key=lambda write: write.entry.index):
        if not write.id:
            continue
        other = first.setdefault(write.reference, write)
        if other is not write:
            told = f"Entry {other.entry.index} writes the same {write.type}."
            issues.append(Issue("duplicate", told, write.entry.where))
    if issues:
        raise FhirError(422, issues)


def read_of(entry: Entry) -> tuple[str, str] | None:
    """Type and id of the one resource that an entry reads, None if it asks for something else."""
    path = entry.path.split("/")
    reads = len(path) == 2 and path[0] in resource_types() and ID.fullmatch(path[1]) is not None
    return (path[0], path[1]) if reads else None


def require_searchable(entry: Entry, base_url: str, *, lenient: bool) -> None:
    """400 for a search that will not be answered, so that it is known before anything is written."""
    if entry.method in ("GET", "HEAD") and entry.path in resource_types():
        pairs = parse_qsl(entry.url.partition("?")[2], keep_blank_values=True)
        parse_query(entry.path, pairs, base=base_url, lenient=lenient)


def write_of(entry: Entry) -> EntryWrite:
    """What an entry (of a method that writes) asks for; raises FhirError located at the entry."""
    try:
        return _write_of(entry)
    except FhirError as error:
        raise error.at(entry.where) from None


def _write_of(entry: Entry) -> EntryWrite:
    path, _, query = entry.url.partition("?")
    type_, *rest = path.split("/")
    if any(segment.startswith("$") for segment in (type_, *rest)):
        told = "Operations are not part of transactions; send them in a batch."
        raise FhirError(422, [Issue("not-supported", told, "request.url")])
    if type_ not in resource_types():
        raise unknown_type(type_)
    if entry.method == "POST":
        return _create(entry, type_, alone=not rest and not query)
    content = None if entry.method == "DELETE" else _content_of(entry, type_)
    if not rest and query:
        return EntryWrite(entry, type_, "", query, content)
    if len(rest) != 1 or query or not ID.fullmatch(rest[0]):
        told = f"{entry.method} is on {type_}/[id], or on {type_} with search criteria."
        raise bad_request(told, "request.url", "value")
    if entry.method == "PUT" and content is not None and content.get("id") != rest[0]:
        raise bad_request("The resource must have the id of the url.", "resource.id", "value")
    return EntryWrite(entry, type_, rest[0], None, content)


def _create(entry: Entry, type_: str, *, alone: bool) -> EntryWrite:
    if not alone:
        raise bad_request("POST is on a type.", "request.url", "value")
    content = _content_of(entry, type_)
    without_id = {name: value for name, value in content.items() if name != "id"}
    criteria = entry.headers.get("if-none-exist")
    if criteria is not None:
        criteria = criteria.removeprefix(type_).removeprefix("?")
    return EntryWrite(entry, type_, "", criteria, without_id)


def _content_of(entry: Entry, type_: str) -> JsonObject:
    content = entry.resource
    if content is None:
        raise bad_request(f"A {entry.method} needs a resource.", "resource", "required")
    if not isinstance(content.get("meta", {}), dict):  # it is marked before its owner validates the resource
        raise bad_request("An object belongs here.", "resource.meta", "structure")
    if entry.method != "PATCH" and content["resourceType"] != type_:
        told = f"The url is about {type_}, the resource must be of that type."
        raise bad_request(told, "resource.resourceType")
    return content
