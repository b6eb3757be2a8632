"""fhirpy and fhirclient use the platform: create, read, search by pages, change, delete, batch.

https://github.com/beda-software/fhir-py, https://github.com/smart-on-fhir/client-py
"""

from __future__ import annotations

from uuid import uuid4

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.humanname import HumanName
from fhirclient.models.identifier import Identifier
from fhirclient.models.patient import Patient
from fhirpy import SyncFHIRClient

from demo.deployment import Deployment

SYSTEM = "http://example.org/python"


def test_fhirpy_is_served(platform: Deployment) -> None:
    client = SyncFHIRClient(platform.base)
    mark = uuid4().hex
    entries = [
        {"resource": {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": mark}]},
         "request": {"method": "POST", "url": "Patient"}}
    ] * 3  # fmt: skip
    batch = client.resource("Bundle", type="batch", entry=entries)
    answered = client.execute("", method="post", data=batch.serialize())  # type: ignore[no-untyped-call]
    assert [one["response"]["status"][:3] for one in answered["entry"]] == ["201"] * 3
    found = client.resources("Patient").search(identifier=f"{SYSTEM}|{mark}")
    assert len(found.limit(2).fetch_all()) == 3


def test_fhirclient_is_served(platform: Deployment) -> None:
    server = FHIRClient(settings={"app_id": "judge", "api_base": platform.base}).server
    mark = uuid4().hex
    made = []
    for family in ("A", "B", "C"):
        patient = Patient()
        patient.identifier = [Identifier({"system": SYSTEM, "value": mark})]
        patient.name = [HumanName({"family": family})]
        made.append(patient.create(server)["id"])
    search = Patient.where({"identifier": f"{SYSTEM}|{mark}", "_count": "2"})
    assert sorted(one.id for one in search.perform_resources_iter(server)) == sorted(made)
    read = Patient.read(made[0], server)
    read.active = True
    assert read.update(server)["meta"]["versionId"] == "2"
    assert Patient.read(made[0], server).active is True
    read.delete()
    with pytest.raises(Exception, match="410"):
        Patient.read(made[0], server)
