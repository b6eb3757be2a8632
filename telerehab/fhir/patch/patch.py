"""What a client sends to PATCH, alone or as an entry of a bundle, read as the patch it is.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from base64 import b64decode
from typing import Protocol

from telerehab.fhir import json
from telerehab.fhir.json import JsonError, JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, malformed_json
from telerehab.fhir.patch.fhirpath_patch import FhirPathPatch
from telerehab.fhir.patch.json_patch import JsonPatch

JSON_PATCH = "application/json-patch+json"
_FHIR_JSON = ("application/fhir+json", "application/json")
PATCH_FORMATS = (JSON_PATCH, _FHIR_JSON[0])
"""The media types of patches, as a CapabilityStatement lists them."""


class Patch(Protocol):
    """A change to a resource, read and well formed."""

    def apply(self, content: JsonObject) -> JsonObject:
        """The changed resource, `content` untouched; raises FhirError 422 where it cannot be applied."""
        ...


def patch_of(content_type: str, body: bytes) -> Patch:
    """The patch in a request's body; 415 for a format that is not supported, 400 for one that is malformed."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON_PATCH and media_type not in _FHIR_JSON:
        raise _unsupported(media_type)
    if not body:
        raise bad_request("This request needs a patch as its body.", code="required")
    try:
        document = json.parse(body)
    except JsonError as error:
        raise malformed_json(str(error)) from None
    return JsonPatch.of(document) if media_type == JSON_PATCH else FhirPathPatch.of(document)


def patch_in_bundle(resource: JsonObject) -> Patch:
    """The patch that a bundle entry holds: Parameters, or a Binary with a JSON Patch.

    https://hl7.org/fhir/R4/http.html#transaction
    """
    if resource["resourceType"] == "Parameters":
        return FhirPathPatch.of(resource)
    return patch_of(*binary_patch(resource))


def binary_patch(resource: JsonObject) -> tuple[str, bytes]:
    """Content type and data of the Binary that carries a patch; 400 for any other resource."""
    content_type, data = resource.get("contentType"), resource.get("data")
    if resource["resourceType"] != "Binary" or not isinstance(content_type, str) or not isinstance(data, str):
        told = "A PATCH carries Parameters, or a Binary with contentType and data."
        raise bad_request(told, "resource", "structure")
    try:
        return content_type, b64decode("".join(data.split()), validate=True)
    except ValueError:
        raise bad_request("Binary.data is base64.", "resource.data", "value") from None


def _unsupported(media_type: str) -> FhirError:
    told = f"'{media_type[:80]}' is not accepted; a patch is {JSON_PATCH}, or Parameters as {_FHIR_JSON[0]}."
    return FhirError(415, [Issue("not-supported", told, "http.Content-Type")])
