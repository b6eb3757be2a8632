"""Patches: changes to a resource as a document of their own, JSON Patch or FHIRPath Patch; XML Patch is not supported.

https://hl7.org/fhir/R4/http.html#patch
"""

from telerehab.fhir.patch.patch import JSON_PATCH, PATCH_FORMATS, Patch, patch_in_bundle, patch_of

__all__ = ["JSON_PATCH", "PATCH_FORMATS", "Patch", "patch_in_bundle", "patch_of"]
