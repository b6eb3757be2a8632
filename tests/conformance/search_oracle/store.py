"""The store under test, as its clients see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import orjson

from tests.conformance.search_oracle.meaning import Meaning

Pairs = Sequence[tuple[str, str]]


def _number(value: Any) -> Any:
    assert isinstance(value, Decimal)
    return orjson.Fragment(str(value).lower())


@dataclass
class Store:
    """A client of the gateway, and the meaning of what is stored behind it."""

    client: httpx.AsyncClient
    meaning: Meaning

    async def batch(self, writes: Sequence[tuple[str, str, Any]]) -> None:
        """Write (method, "Type/id", content), as one Bundle."""
        entries = [
            {"request": {"method": method, "url": name}, **({"resource": content} if content else {})}
            for method, name, content in writes
        ]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        body = orjson.dumps(bundle, default=_number)
        answer = await self.client.post("", content=body, headers={"content-type": "application/fhir+json"})
        refused = [
            (write, entry["response"])
            for write, entry in zip(writes, answer.json()["entry"], strict=True)
            if entry["response"]["status"][0] != "2"
        ]
        assert not refused, refused[:3]

    async def bundle(self, path: str, pairs: Pairs) -> dict[str, Any]:
        """One page."""
        answer = await self.client.get(path, params=list(pairs))
        assert answer.status_code == 200, (path, pairs, answer.text)
        content: dict[str, Any] = answer.json()
        return content

    async def pages(self, path: str, pairs: Pairs) -> list[list[str]]:
        """The references of what matches, page after page, as the next links lead."""
        bundle = await self.bundle(path, pairs)
        found = [matched(bundle)]
        while next_ := link(bundle, "next"):
            answer = await self.client.get(next_)
            assert answer.status_code == 200, (path, pairs, answer.text)
            bundle = answer.json()
            found.append(matched(bundle))
        return found

    async def all(self, path: str, pairs: Pairs) -> list[str]:
        """All pages joined."""
        return [name for page in await self.pages(path, [*pairs, ("_count", "1000")]) for name in page]

    async def set(self, path: str, pairs: Pairs) -> set[str]:
        return set(await self.all(path, pairs))


def matched(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    """The references of a page's matches, or of what came with them."""
    entries = [entry for entry in bundle.get("entry", []) if entry["search"]["mode"] == mode]
    return [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in entries]


def link(bundle: dict[str, Any], relation: str) -> str | None:
    return next((one["url"] for one in bundle["link"] if one["relation"] == relation), None)
