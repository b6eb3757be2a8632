"""A client that is not ours gets along with us over a real socket: fhirpy."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from telerehab.engine import Engine
from telerehab.observability import Metrics, Probes
from telerehab.server.app import service_app
from tests.telerehab.server.conftest import BASE


@pytest.fixture
async def fhir(engine: Engine) -> AsyncIterator[AsyncFHIRClient]:
    metrics = Metrics("records")
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(service_app(engine, metrics, Probes(metrics)), log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    port = listening.getsockname()[1]
    yield AsyncFHIRClient(f"http://127.0.0.1:{port}/fhir/R4", authorization="none")
    server.should_exit = True
    await serving


async def test_a_resource_lives_and_dies(fhir: AsyncFHIRClient) -> None:
    patient = fhir.resource("Patient", name=[{"family": "Fhirpy"}], active=True)
    await patient.save()
    assert patient["meta"]["versionId"] == "1"
    patient["active"] = False
    await patient.save()
    assert patient["meta"]["versionId"] == "2"
    again = await fhir.reference("Patient", patient.id).to_resource()
    assert again["active"] is False
    found = await fhir.resources("Patient").search(family="fhirpy", _id=patient.id).fetch_all()
    assert [one.id for one in found] == [patient.id]
    counted = await fhir.resources("Patient").search(_id=patient.id, _summary="count").fetch_raw()
    assert counted["total"] == 1
    assert await patient.is_valid()
    await patient.delete()  # type: ignore[no-untyped-call]
    with pytest.raises((ResourceNotFound, OperationOutcome)):
        await fhir.reference("Patient", patient.id).to_resource()


async def test_faults_arrive_as_outcomes(fhir: AsyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome) as refused:
        await fhir.resource("Patient", gender="m").save()
    assert refused.value.resource["issue"][0]["expression"] == ["Patient.gender"]


async def test_capability_statement_is_served(fhir: AsyncFHIRClient) -> None:
    statement = await fhir.execute("metadata", method="get")
    assert statement["implementation"]["url"] == BASE
