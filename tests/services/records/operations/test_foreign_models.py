"""What the operations answer is read by FHIR models that others wrote."""

from __future__ import annotations

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters
from fhir.resources.R4B.valueset import ValueSet

from tests.services.records.conftest import Records

ACTS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


async def test_expansions(records: Records) -> None:
    for query in (
        "url=http://terminology.hl7.org/ValueSet/v3-ActCode&offset=10&count=5&includeDefinition=true",
        "url=http://hl7.org/fhir/ValueSet/service-type&includeDesignations=true&displayLanguage=de",
        "url=http://terminology.hl7.org/ValueSet/v2-0003&includeDesignations=true&filter=patient&activeOnly=true",
    ):
        expanded = await records.get(f"ValueSet/$expand?{query}")
        expansion = ValueSet.model_validate(expanded).expansion
        assert expansion
        assert expansion.contains
        assert records.engine.validate(expanded) == []


async def test_parameters(records: Records) -> None:
    for url in (
        f"CodeSystem/$lookup?system={ACTS}&code=AMB",
        f"CodeSystem/$subsumes?system={ACTS}&codeA=_ActEncounterCode&codeB=AMB",
        f"CodeSystem/$validate-code?url={ACTS}&code=AMB&display=Ambulance",
        f"ValueSet/$validate-code?url=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode&system={ACTS}&code=VR",
    ):
        answer = await records.get(url)
        assert Parameters.model_validate(answer).parameter
        assert records.engine.validate(answer) == []


async def test_matches_and_documents(records: Records) -> None:
    person = {
        "resourceType": "Patient",
        "name": [{"family": "Foreign", "given": ["Model"]}],
        "birthDate": "1950-02-03",
    }
    made = await records.post("Patient", person)
    matches = await records.post("Patient/$match", person, 200)
    listed = Bundle.model_validate(matches).entry
    assert listed
    (entry,) = listed
    assert entry.resource
    assert entry.resource.id == made["id"]
    assert entry.search
    assert entry.search.extension
    assert entry.search.extension[0].valueCode == "probable"
    assert records.engine.validate(matches) == []
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "report"},
        "date": "2026-01-01",
        "title": "Report",
        "author": [{"display": "somebody"}],
        "subject": {"reference": f"Patient/{made['id']}"},
    }
    made = await records.post("Composition", composition)
    document = await records.get(f"Composition/{made['id']}/$document")
    assert len(Bundle.model_validate(document).entry or ()) == 2
