"""What a resource refers to: the same by whichever version a reference names it.

https://hl7.org/fhir/R4/references.html#literal
"""

from __future__ import annotations

import re

from telerehab.change import values_at
from telerehab.fhir.json import JsonObject

_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")


def named(reference: object) -> str:
    """What a literal reference, relative or absolute, names: itself without a version; empty for what is none."""
    return reference.partition("/_history/")[0] if isinstance(reference, str) else ""


def references_at(content: JsonObject, path: str) -> list[str]:
    """What the References at an element path ("participant.actor") name, each once, in order."""
    references = map(named, values_at(content, f"{path}.reference"))
    return list(dict.fromkeys(filter(None, references)))


def ids_at(content: JsonObject, path: str, type_: str) -> list[str]:
    """Ids of the `type_` that the References at an element path ("participant.individual") name, each once, in order.

    What is contained, absolute, logical or of another type names none.
    """
    matches = (_LOCAL.fullmatch(str(reference)) for reference in values_at(content, f"{path}.reference"))
    return list(dict.fromkeys(match[2] for match in matches if match and match[1] == type_))


def id_at(content: JsonObject, path: str, type_: str) -> str:
    """The first of these ids, or empty."""
    return next(iter(ids_at(content, path, type_)), "")
