"""Whom answers and logs are about, as far as what follows from them may say so too.

https://hl7.org/fhir/R4/references.html#contained
"""

from __future__ import annotations

import re
from collections.abc import Collection

from telerehab.fhir.json import JsonObject

_TYPED = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/.+)?")


def patient(content: JsonObject) -> JsonObject | None:
    """The subject if it is a Patient, else None: what follows must be valid whoever the subject is."""
    return named(content, "subject", ("Patient",))


def named(content: JsonObject, element: str, types: Collection[str]) -> JsonObject | None:
    """The Reference at `element` if it may stand in another resource: to one of `types`, and nothing contained."""
    reference = content.get(element)
    if not isinstance(reference, dict):
        return None
    target = reference.get("reference")
    if target is None:
        return reference if reference.get("type") in (None, *types) else None
    match = _TYPED.fullmatch(str(target))
    return reference if match and match[1] in types else None
