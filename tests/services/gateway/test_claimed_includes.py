"""Every include that metadata claims and the official examples have data for really brings it."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from telerehab.access import EVERYTHING
from telerehab.fhir import json
from telerehab.fhir.search import parameters, parse_query
from telerehab.owners import owner_of
from telerehab.resource import Resource, with_id
from tests.services.deployment import BASE, Deployment, deployed
from tests.services.gateway.bundles import batch, entry, post

_EXAMPLES = Path(__file__).parents[2] / "data" / "r4-examples.ndjson.gz"
AT_ONCE = 50


class Link(NamedTuple):
    """One resource refers to another by a search parameter: "Observation:subject"."""

    claim: str
    source: str
    target: str


@pytest.fixture(scope="module")
async def on(new_database: Any, deployment_template: str) -> AsyncIterator[Deployment]:
    """All services, with every official example that they accept."""
    with gzip.open(_EXAMPLES, "rt", encoding="utf-8") as lines:
        examples = [json.parse_object(json.parse_object(line)["text"]) for line in lines]
    named = [with_id(content, content.get("id", "example")) for content in examples]
    puts = [entry("PUT", f"{content['resourceType']}/{content['id']}", content) for content in named]
    async with deployed(await new_database(template=deployment_template), "direct") as running:
        for start in range(0, len(puts), AT_ONCE):
            assert (await post(running, batch(*puts[start : start + AT_ONCE]))).status_code == 200
        yield running


@pytest.fixture(scope="module")
async def claims(on: Deployment) -> dict[str, dict[str, list[str]]]:
    """What metadata claims, by type."""
    statement = (await on.client.get("metadata")).json()
    return {
        resource["type"]: {kind: resource.get(kind, []) for kind in ("searchInclude", "searchRevInclude")}
        for resource in statement["rest"][0]["resource"]
    }


@pytest.fixture(scope="module")
async def links(on: Deployment) -> list[Link]:
    """One link for each search parameter and pair of types that the stored examples have."""
    stored: dict[str, Resource] = {}
    for engine in on.engines.values():
        for type_ in engine.service.types:
            found = await engine.store.search_all(parse_query(type_, []), EVERYTHING, limit=1000)
            stored |= {each.reference: each for each in found}
    assert len(stored) > 300
    links: dict[tuple[str, str], Link] = {}
    for source in stored.values():
        rows = on.engines[owner_of(source.type)].index(source).references
        for code, parameter in parameters(source.type).items():
            hashes = {part.hash for part in parameter.indexed}
            for row in rows:
                target = f"{row.target_type}/{row.target_id}"
                narrow = parameter.indexed[0].targets if parameter.narrows else (row.target_type,)
                if (
                    row.parameter in hashes
                    and target in stored
                    and target != source.reference
                    and row.target_type in narrow
                ):
                    claim = f"{source.type}:{code}"
                    links.setdefault((claim, row.target_type), Link(claim, source.reference, target))
    return list(links.values())


async def included(on: Deployment, of: str, name: str, claim: str) -> list[str]:
    type_, _, id_ = of.partition("/")
    page = (await on.client.get(type_, params={"_id": id_, name: claim})).json()
    return [
        one["fullUrl"].removeprefix(f"{BASE}/") for one in page["entry"] if one["search"]["mode"] == "include"
    ]


async def test_claimed_includes_are_included(
    on: Deployment, claims: dict[str, dict[str, list[str]]], links: list[Link]
) -> None:
    across = 0
    for link in links:
        source, target = link.source.partition("/")[0], link.target.partition("/")[0]
        across += owner_of(source) != owner_of(target)
        assert link.claim in claims[source]["searchInclude"], link
        assert link.target in await included(on, link.source, "_include", link.claim), link
        assert link.target in await included(on, link.source, "_include", "*"), link
        assert link.claim in claims[target]["searchRevInclude"], link
        assert link.source in await included(on, link.target, "_revinclude", link.claim), link
    assert len(links) > 100
    assert across > 30


async def test_every_claim_is_understood(claims: dict[str, dict[str, list[str]]]) -> None:
    for type_, claimed in claims.items():
        for name, listed in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
            assert len(set(claimed[listed])) == len(claimed[listed])
            parse_query(type_, [(name, claim) for claim in claimed[listed]])
