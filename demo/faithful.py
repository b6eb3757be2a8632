"""Whether a resource came back as it was sent: content, order and the text of numbers.

Only its id, what the server says in meta, and references that were rewritten may differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject

SERVER_META = ("versionId", "lastUpdated")


def is_faithful(sent: JsonObject, stored: JsonObject, links: Mapping[str, str]) -> bool:
    """Whether `stored` is `sent`; `links` are the references that full URLs became."""
    return _text(_linked(sent, links)) == _text(stored)


def links_of(bundle: JsonObject, response: JsonObject) -> dict[str, str]:
    """What the full URL of each entry became: "urn:uuid:…" → "Patient/1"."""
    return {
        entry["fullUrl"]: place(answered["response"]["location"])
        for entry, answered in zip(bundle["entry"], response["entry"], strict=True)
    }


def place(location: str) -> str:
    """The reference in a location: "Patient/1"."""
    return "/".join(location.partition("/_history/")[0].split("/")[-2:])


def _text(content: JsonObject) -> bytes:
    """Its JSON without what may differ, meta apart as the server may put it anywhere."""
    meta = {name: value for name, value in content.get("meta", {}).items() if name not in SERVER_META}
    rest = {name: value for name, value in content.items() if name not in ("id", "meta")}
    return json.dump([meta, rest])


def _linked(value: Any, links: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _linked(held, links) for name, held in value.items()}
    if isinstance(value, list):
        return [_linked(held, links) for held in value]
    return links.get(value, value) if isinstance(value, str) else value
