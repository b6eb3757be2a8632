"""The functions of FHIRPath and those that FHIR adds, by name; importing this fills the registry.

https://hl7.org/fhirpath/N1/#functions
https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from telerehab.fhir.fhirpath.functions import (
    boundaries,
    collections,
    conversion,
    existence,
    fhir,
    filtering,
    mathematics,
    strings,
    trees,
)
from telerehab.fhir.fhirpath.functions.registry import FUNCTIONS

__all__ = [
    "FUNCTIONS",
    "boundaries",
    "collections",
    "conversion",
    "existence",
    "fhir",
    "filtering",
    "mathematics",
    "strings",
    "trees",
]
