"""A FHIR resource as a service keeps it: the client's content, with the server's version beside it, not inside.

Stored text holds no meta.versionId and meta.lastUpdated; they are spliced in when it is shown, so that giving a
version never rewrites the text and what a client sent comes back as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject

_SERVER_META = ("versionId", "lastUpdated")
_MARK = "\0"  # no FHIR string may hold it
_MARK_TEXT = b'"\\u0000":0'


class Resource:
    """One version of a resource, parsed when first looked into; treat `content` as read-only.

    `version` counts from 1, 0 means not stored yet. A deleted version has neither text nor content. `patients` are
    the ids of the Patients in whose compartment it is, None where nobody has said yet.
    `event_key` orders its events: the store gives it at creation, it never changes, and is empty where not read.
    """

    __slots__ = (
        "_content",
        "_text",
        "deleted",
        "event_key",
        "id",
        "last_updated",
        "patients",
        "splice",
        "type",
        "version",
    )

    def __init__(
        self,
        type_: str,
        id_: str,
        *,
        content: JsonObject | None = None,
        text: str | None = None,
        splice: int = 0,
        version: int = 0,
        last_updated: datetime | None = None,
        deleted: bool = False,
        patients: Sequence[str] | None = None,
    ) -> None:
        self.type = type_
        self.id = id_
        self.version = version
        self.last_updated = last_updated
        self.deleted = deleted
        self.event_key = b""
        self.patients = patients
        self.splice = splice
        self._text = text
        self._content = content

    @classmethod
    def of(cls, content: JsonObject) -> Self:
        """A resource not stored yet; `content` must name its type and id, server meta is dropped."""
        return cls(content["resourceType"], content["id"], content=without_server_meta(content))

    @property
    def content(self) -> JsonObject:
        """The parsed resource, without the server's meta.versionId and meta.lastUpdated."""
        if self._content is None:
            if self._text is None:
                raise LookupError(f"{self.type}/{self.id} is deleted and has no content")
            self._content = json.parse_object(self._text)
            if not self._content["meta"]:
                del self._content["meta"]
        return self._content

    @property
    def text(self) -> str:
        """The text to store; `splice` is the character offset where the server's meta goes."""
        if self._text is None:
            self._text, self.splice = _stored_text(self.content)
        return self._text

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"

    @property
    def etag(self) -> str:
        return f'W/"{self.version}"'

    def wire(self) -> bytes:
        """The resource as JSON for a client, with meta.versionId and meta.lastUpdated."""
        text = self.text
        if not self.version or self.last_updated is None:
            return json.dump(self.content)
        head, tail = text[: self.splice], text[self.splice :]
        comma = "" if tail.startswith("}") else ","
        return (
            f'{head}"versionId":"{self.version}","lastUpdated":"{instant(self.last_updated)}"{comma}{tail}'
        ).encode()

    def same_content(self, other: Resource) -> bool:
        """Whether both hold the same members in the same order, numbers compared by their text."""
        return not self.deleted and not other.deleted and self.text == other.text

    def become(self, other: Resource) -> None:
        """Be what `other` is: for whoever holds a form of it that was not written in the end."""
        for slot in self.__slots__:
            setattr(self, slot, getattr(other, slot))

    def __repr__(self) -> str:
        return f"<{self.reference} v{self.version}{' deleted' if self.deleted else ''}>"


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC with milliseconds."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def without_server_meta(content: JsonObject) -> JsonObject:
    """`content` without meta.versionId and meta.lastUpdated, and without a meta that held nothing else."""
    meta = content.get("meta")
    if not isinstance(meta, dict) or not any(name.lstrip("_") in _SERVER_META for name in meta):
        return content
    kept = {name: value for name, value in meta.items() if name.lstrip("_") not in _SERVER_META}
    if kept:
        return {**content, "meta": kept}
    return {name: value for name, value in content.items() if name != "meta"}


def with_id(content: JsonObject, id_: str) -> JsonObject:
    """`content` under `id_`; where it had no id, the id comes right after resourceType."""
    if content.get("id") == id_:
        return content
    if "id" in content:
        return {**content, "id": id_}
    rest = {name: value for name, value in content.items() if name != "resourceType"}
    return {"resourceType": content["resourceType"], "id": id_, **rest}


def _stored_text(content: JsonObject) -> tuple[str, int]:
    """The text to store, which always has a meta object, and the offset just after that object's brace."""
    marked_meta: dict[str, Any] = {_MARK: 0, **content.get("meta", {})}
    if "meta" in content:
        marked = {**content, "meta": marked_meta}
    else:
        marked = {}
        for name, value in content.items():
            marked[name] = value
            if name == "id":
                marked["meta"] = marked_meta
    data = json.dump(marked)
    before, _, after = data.partition(_MARK_TEXT)
    text = before.decode()
    return text + after.removeprefix(b",").decode(), len(text)
