"""fhir-kit-client uses the platform: each of its calls answers what its documentation promises.

https://vermonster.github.io/fhir-kit-client/
"""

from __future__ import annotations

from uuid import uuid4

from demo.deployment import Deployment
from tests.conformance.kit.node import Node

EXPECTED = {
    "create": "1",
    "read": "First",
    "update": "2",
    "patch": "Third",
    "vread": "First",
    "history": ["3", "2", "1"],
    "type history": "history",
    "system history": "history",
    "batch": ["201", "404"],
    "transaction": ["201", "201"],
    "compartment": 3,
    "pages": [2, 1],
    "search": [True],
    "operation": ["Observation", "Observation", "Observation", "Patient"],
    "operation by POST": "OperationOutcome",
    "capability": "4.0.1",
    "delete": 204,
    "gone": 410,
}


def test_fhir_kit_client_is_served(platform: Deployment, node: Node) -> None:
    told = {one["step"]: one["got"] for one in node.run("client.mjs", platform.base, uuid4().hex)}
    assert told == EXPECTED
