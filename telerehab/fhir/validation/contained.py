"""Contained resources: no nesting, an id each, referred to, and no server metadata (dom-2 to dom-5).

https://hl7.org/fhir/R4/references.html#contained
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.validation.context import Context, Fault, Path
from telerehab.fhir.validation.references import check_local_references

_NESTED = Fault("invariant", "A contained resource must not contain resources itself (dom-2).")
_NO_ID = Fault("required", "A contained resource must have an id.")
_SAME_ID = Fault("duplicate", "Two contained resources have the same id.")
_ORPHAN = Fault(
    "invariant", "A contained resource must be referred to from the resource, or refer to it (dom-3)."
)
_FORBIDDEN_META = {
    "versionId": Fault("invariant", "A contained resource must not have a meta.versionId (dom-4)."),
    "lastUpdated": Fault("invariant", "A contained resource must not have a meta.lastUpdated (dom-4)."),
    "security": Fault("invariant", "A contained resource must not have a security label (dom-5)."),
}


def check_contained(resource: dict[str, Any], path: Path, context: Context) -> None:
    """Check what spans a resource and its contained ones, after both were walked."""
    contained = resource.get("contained")
    items = contained if type(contained) is list else []
    types: dict[str, str] = {"": resource["resourceType"]}
    for index, item in enumerate(items):
        if type(item) is dict:
            _check_item(item, types, (path, "contained", index), context)
    check_local_references(types, context)
    for index, item in enumerate(items):
        if type(item) is dict and type(item.get("id")) is str and _is_orphan(item, resource, context):
            context.report(_ORPHAN, (path, "contained", index))


def _check_item(item: dict[str, Any], types: dict[str, str], path: Path, context: Context) -> None:
    if "contained" in item:
        context.report(_NESTED, (path, "contained", -1))
    id_ = item.get("id")
    if id_ is None:
        context.report(_NO_ID, (path, "id", -1))
    elif type(id_) is str:
        if id_ in types:
            context.report(_SAME_ID, (path, "id", -1))
        types[id_] = str(item.get("resourceType"))
    meta = item.get("meta")
    if type(meta) is dict:
        for name, fault in _FORBIDDEN_META.items():
            if name in meta:
                context.report(fault, ((path, "meta", -1), name, -1))


def _is_orphan(item: dict[str, Any], resource: dict[str, Any], context: Context) -> bool:
    local = "#" + item["id"]
    if any(reference.id == item["id"] for reference in context.local_references):
        return False
    # uri, url and canonical elements may point to it too; so rare that only a seeming orphan is worth the search
    return not (_mentions(resource, local) or _mentions(item, "#"))


def _mentions(value: Any, local: str) -> bool:
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) is dict:
            pending.extend(item.values())
        elif type(item) is list:
            pending.extend(item)
        elif item == local:
            return True
    return False
