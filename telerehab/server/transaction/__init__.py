"""The steps of a transaction that have an owner's store at hand; those without are `telerehab.fhir.bundle_*`.

https://hl7.org/fhir/R4/http.html#trules
"""
