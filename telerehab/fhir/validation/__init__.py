"""Is a resource valid FHIR R4? Checks compiled from the HL7 definitions, once per type, when first needed.

https://hl7.org/fhir/R4/validation.html
"""

from telerehab.fhir.validation.validator import validate

__all__ = ["validate"]
