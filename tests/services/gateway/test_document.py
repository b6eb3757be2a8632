"""A document holds resources of several owners; while one is down there is none."""

from __future__ import annotations

from typing import Any

from tests.services.deployment import Deployment
from tests.services.gateway.bundles import entry, ids, observation, patient, post, transaction


def composition(**section: Any) -> dict[str, Any]:
    return {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "report"},
        "date": "2026-01-01",
        "title": "Report",
        "subject": {"reference": "urn:uuid:p"},
        "author": [{"display": "somebody"}],
        "section": [{"title": "measured", **section}],
    }


async def test_a_document_spans_owners(fragile: Deployment) -> None:
    group = observation("urn:uuid:p", hasMember=[{"reference": "urn:uuid:member"}])
    made = ids(
        await post(
            fragile,
            transaction(
                entry("POST", "Patient", patient(), "urn:uuid:p"),
                entry("POST", "Observation", group, "urn:uuid:group"),
                entry("POST", "Observation", observation("urn:uuid:p"), "urn:uuid:member"),
                entry("POST", "Composition", composition(entry=[{"reference": "urn:uuid:group"}])),
            ),
        )
    )
    answer = await fragile.client.get(f"{made[3]}/$document")
    assert answer.status_code == 200, answer.text
    held = [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in answer.json()["entry"]]
    assert held == [made[3], *made[:3]]
    await fragile.stop("outcomes")
    answer = await fragile.client.get(f"{made[3]}/$document")
    assert answer.status_code == 503
    assert "outcomes" in answer.json()["issue"][0]["diagnostics"]
