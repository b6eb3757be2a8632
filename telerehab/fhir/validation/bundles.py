"""The entries of a Bundle: what fullUrl may be beside the resource it is the address of (bdl-8 included).

https://hl7.org/fhir/R4/bundle.html#bundle-unique
"""

from __future__ import annotations

import re
from typing import Any

from telerehab.fhir.validation.context import Context, Fault, Path

_uuid = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_oid = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+").fullmatch
_absolute = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+").fullmatch

_VERSIONED = Fault("invariant", "fullUrl cannot be a version specific reference (bdl-8).")
_RELATIVE = Fault("value", "A fullUrl is an absolute URL, urn:uuid:… or urn:oid:….")
_URN = Fault("value", "A urn: of this form must be followed by a UUID, or an OID.")
_OTHER = Fault("value", "The fullUrl and the id of the resource disagree.")


def full_url(entry: dict[str, Any], path: Path, context: Context) -> None:
    """Check the fullUrl of one entry."""
    url = entry.get("fullUrl")
    if type(url) is not str:
        return
    if "/_history/" in url:
        context.report(_VERSIONED, path)
    elif not _absolute(url):
        context.report(_RELATIVE, (path, "fullUrl", -1))
    elif url.startswith("urn:"):
        is_other = not url.startswith(("urn:uuid:", "urn:oid:"))
        if not (is_other or _uuid(url) or _oid(url)):
            context.report(_URN, (path, "fullUrl", -1))
    elif context.advises and _disagrees(url, entry.get("resource")):
        context.report(_OTHER, (path, "fullUrl", -1), advice=True)  # HL7's own examples do


def _disagrees(url: str, resource: Any) -> bool:
    id_ = resource.get("id") if type(resource) is dict else None
    return type(id_) is str and not url.endswith(f"/{id_}")
