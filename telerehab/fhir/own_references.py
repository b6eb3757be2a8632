"""References to this server by its absolute URL, made relative: both name the same resource.

https://hl7.org/fhir/R4/references.html#literal
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.json import JsonObject


def relative(content: JsonObject, base_url: str) -> JsonObject:
    """`content` with every Reference.reference below `base_url` made relative to it; other URLs stay as they are."""
    changed = _relative(content, f"{base_url}/")
    assert isinstance(changed, dict)
    return changed


def _relative(value: Any, base: str) -> Any:
    if isinstance(value, list):
        return [_relative(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _relative(held, base) for name, held in value.items()}
    reference = changed.get("reference")
    if isinstance(reference, str) and reference.startswith(base):
        changed["reference"] = reference.removeprefix(base)
    return changed
