"""Code systems that others publish and nobody loads by accident: asked for, they are "not supported", not "unknown".

https://hl7.org/fhir/R4/terminologies-systems.html#external
"""

from __future__ import annotations

from telerehab.fhir.outcome import FhirError, Issue

_EXTERNAL = (
    "http://snomed.info/",
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://hl7.org/fhir/sid/",
    "http://www.ama-assn.org/go/cpt",
    "http://nucc.org/provider-taxonomy",
    "http://dicom.nema.org/",
    "urn:ietf:",
    "urn:iso:std:",
    "urn:oid:",
)


def unknown_system(url: str, where: str, version: str | None = None) -> FhirError:
    """404 for a code system that is not known, 422 for an external one that is not loaded."""
    named = f"{url}|{version}" if version else url
    if url.startswith(_EXTERNAL):
        told = f"The code system {named[:200]} is not loaded here."
        return FhirError(422, [Issue("not-supported", told, where)])
    return FhirError(404, [Issue("not-found", f"The code system {named[:200]} is not known here.", where)])


def unknown_value_set(url: str, where: str, version: str | None = None) -> FhirError:
    """404 for a value set that is not known, 422 for one that an external code system implies."""
    named = f"{url}|{version}" if version else url
    if url.startswith(_EXTERNAL):
        told = f"The value set {named[:200]} is one of a code system that is not loaded here."
        return FhirError(422, [Issue("not-supported", told, where)])
    return FhirError(404, [Issue("not-found", f"The value set {named[:200]} is not known here.", where)])
