"""FHIR $operations: those every service has, one file each, and the dispatch of all.

https://hl7.org/fhir/R4/operations.html
"""
