"""FHIRPath over plain JSON resources: tokens, syntax tree, and typed paths for what search parameters use.

https://hl7.org/fhirpath/N1/
"""
