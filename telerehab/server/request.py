"""One FHIR request and its response: HTTP, the entries of a batch and gRPC all come down to these.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, unquote

from telerehab.access import Caller
from telerehab.fhir import json
from telerehab.fhir.json import JsonError, JsonObject
from telerehab.fhir.outcome import bad_request, malformed_json
from telerehab.server.negotiation import Preferences, preferences, require_json

MAX_QUERY_FIELDS = 1000
Pairs = Sequence[tuple[str, str]]


@dataclass(slots=True)
class FhirRequest:
    """What a client wants: `path` are the segments below the base, decoded; `query` decoded pairs in their order.

    Header names are lower-case; `base_url` is the FHIR base that clients use, without a trailing slash.
    """

    method: str
    path: tuple[str, ...]
    caller: Caller
    base_url: str
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def type(self) -> str:
        return self.path[0]

    @property
    def id(self) -> str:
        return self.path[1]

    @property
    def prefer(self) -> Preferences:
        return preferences(self.headers.get("prefer", ""))

    def one(self, name: str) -> str | None:
        """The value of a query parameter that may be given once; 400 where it is doubled."""
        values = [value for other, value in self.query if other == name]
        if len(values) > 1:
            raise bad_request(f"The parameter '{name}' may be given once only.", name)
        return values[0] if values else None

    def content(self) -> JsonObject:
        """The body as a resource of any type: 415 if it is not declared as JSON, 400 if it is none."""
        require_json(self.headers.get("content-type", ""))
        if not self.body:
            raise bad_request("This request needs a resource as its body.", code="required")
        try:
            content = json.parse_object(self.body)
        except JsonError as error:
            raise malformed_json(str(error)) from None
        if not isinstance(content.get("resourceType"), str):
            raise bad_request("The body must name its resourceType.", "resourceType", "structure")
        return content

    def resource(self) -> JsonObject:
        """The body as a resource of the type in the URL."""
        content = self.content()
        if content["resourceType"] != self.type:
            raise bad_request(
                f"The URL is about {self.type}, the body's resourceType must be the same.", "resourceType"
            )
        return content


@dataclass(slots=True)
class FhirResponse:
    """What the client gets; `body` is FHIR JSON in UTF-8, or empty. Header names are lower-case.

    `last_updated` is that of the version it is about: the header, in whole seconds, would be before it.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    last_updated: datetime | None = None


def segments(path: str) -> tuple[str, ...]:
    """The segments of a path as it stands in a URL, each decoded once; 400 for what is not UTF-8 or a doubled slash."""
    if not path.strip("/"):
        return ()
    raw = path.strip("/").split("/")
    if "%" not in path:
        decoded = raw
    else:
        try:
            decoded = [unquote(segment, errors="strict") for segment in raw]
        except UnicodeDecodeError:
            raise bad_request("The path is not valid UTF-8 once decoded.") from None
    if "" in decoded:
        raise bad_request("The path has an empty segment.")
    return tuple(decoded)


def decoded_pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string or form, in their order; 400 for bad escapes or too many."""
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
    except UnicodeDecodeError:
        raise bad_request("The query is not valid UTF-8 once decoded.") from None
    except ValueError:
        raise bad_request(f"More than {MAX_QUERY_FIELDS} parameters.", code="too-costly") from None
