from services.records.service import service
from telerehab.server.openapi import fhir_paths


def test_an_operation_that_needs_a_resource_is_described_as_a_post() -> None:
    paths = fhir_paths(service.types, service.operations)
    assert list(paths["/fhir/R4/Patient/$match"]) == ["post"]
    assert list(paths["/fhir/R4/ValueSet/$expand"]) == ["get"]
