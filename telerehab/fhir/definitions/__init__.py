"""The HL7 definitions of FHIR R4 (4.0.1) that everything else is compiled from, read lazily.

https://hl7.org/fhir/R4/downloads.html
"""

from telerehab.fhir.definitions.operations import (
    OperationDefinition,
    operation_definition,
    operation_definitions,
)
from telerehab.fhir.definitions.structures import ElementDefinition, Structure, resource_types, structure
from telerehab.fhir.definitions.value_sets import Concept, value_set

__all__ = [
    "Concept",
    "ElementDefinition",
    "OperationDefinition",
    "Structure",
    "operation_definition",
    "operation_definitions",
    "resource_types",
    "structure",
    "value_set",
]
