"""Where a request goes: to the owner of the type that its answer is about, or to the gateway itself.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.outcome import FhirError, Issue, unknown_type
from telerehab.owners import owner_of

Path = tuple[str, ...]

_SYSTEM = frozenset({"metadata", "_history", "_search", "$validate"})


def place_of(path: Path) -> str | None:
    """The gateway's own place that a path names ("Patient/[id]/$everything"), None if it is some owner's."""
    match path:
        case ():
            return ""
        case (name,) if name in _SYSTEM:
            return name
        case ("Patient", "$everything"):
            return "Patient/$everything"
        case ("Patient", _, "$everything"):
            return "Patient/[id]/$everything"
        case (type_, _, "*") if type_ in resource_types():
            return "[type]/[id]/*"
        case (type_, _, "*", "_search") if type_ in resource_types():
            return "[type]/[id]/*/_search"
    return None


def owner_at(path: Path) -> str:
    """The service that answers a path which is not the gateway's own; 404 for an unknown type."""
    type_ = path[0]
    if type_.startswith(("$", "_")):
        raise FhirError(404, [Issue("not-supported", "There is no such operation on the whole system.")])
    if type_ not in resource_types():
        raise unknown_type(type_)
    if len(path) >= 3 and path[2] in resource_types():
        return owner_of(path[2])  # a search in a compartment: Patient/1/Observation
    return owner_of(type_)
