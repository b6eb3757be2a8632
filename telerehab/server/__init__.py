"""The FHIR RESTful API of a service: one request in, one response out, free of any web framework.

https://hl7.org/fhir/R4/http.html
"""

from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.server.router import handle

__all__ = ["FhirRequest", "FhirResponse", "handle"]
