"""FHIRPath over plain JSON: compiled to closures; and, for search parameters, typed paths.

https://hl7.org/fhirpath/N1/
https://hl7.org/fhir/R4/fhirpath.html
"""

from telerehab.fhir.fhirpath.evaluating import evaluate, select
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.values import Node, place

__all__ = ["FhirPathError", "Node", "evaluate", "place", "select"]
