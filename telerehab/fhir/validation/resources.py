"""Resources inside resources: contained, in a bundle's entries, in Parameters; each is checked by its own type.

https://hl7.org/fhir/R4/resource.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.validation.contained import check_contained
from telerehab.fhir.validation.context import NOT_AN_OBJECT, NOT_SINGLE, NULL, Context, Fault, Path
from telerehab.fhir.validation.node import Node

_NO_TYPE = Fault("required", "A resource must say its resourceType.")
_TYPE_NOT_A_STRING = Fault("structure", "resourceType must be a JSON string.")
_UNKNOWN_TYPE = Fault("structure", "This is no resource type of FHIR R4 (4.0.1).")


class AnyResource:
    """Checks a resource by the type that it names, with its contained resources as one whole."""

    __slots__ = ("_node_of",)

    def __init__(self, node_of: Callable[[str], Node]) -> None:
        self._node_of = node_of

    def check(self, value: Any, path: Path, context: Context) -> None:
        """Report every fault of the resource at `path`."""
        type_name = _type_of(value, path, context)
        if type_name is None:
            return
        outer_references, context.local_references = context.local_references, []
        outer_resources = context.resource, context.root_resource
        outer_bundle = context.in_bundle, context.resources_at_hand
        context.resource = context.root_resource = value
        if type_name == "Bundle":
            context.in_bundle, context.resources_at_hand = True, _entries(value)
        self._node_of(type_name).check(value, path, context)
        context.in_bundle, context.resources_at_hand = outer_bundle
        context.resource, context.root_resource = outer_resources
        if context.local_references or "contained" in value:
            check_contained(value, path, context)
        context.local_references = outer_references


class ContainedResource:
    """Checks a contained resource by the type that it names; its local references are its container's."""

    __slots__ = ("_node_of",)

    def __init__(self, node_of: Callable[[str], Node]) -> None:
        self._node_of = node_of

    def check(self, value: Any, path: Path, context: Context) -> None:
        """Report every fault of the contained resource at `path`, but for what spans its container."""
        type_name = _type_of(value, path, context)
        if type_name is not None:
            container, context.resource = context.resource, value
            self._node_of(type_name).check(value, path, context)
            context.resource = container


def _type_of(value: Any, path: Path, context: Context) -> str | None:
    if type(value) is not dict:
        context.report(NULL if value is None else NOT_SINGLE if type(value) is list else NOT_AN_OBJECT, path)
        return None
    type_name = value.get("resourceType")
    if type(type_name) is str and type_name in resource_types():
        return type_name
    if type_name is None:
        context.report(_NO_TYPE, path)
    else:
        context.report(_UNKNOWN_TYPE if type(type_name) is str else _TYPE_NOT_A_STRING, path)
    return None


def _entries(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    entries = bundle.get("entry")
    found: dict[str, dict[str, Any]] = {}
    for entry in entries if type(entries) is list else ():
        resource = entry.get("resource") if type(entry) is dict else None
        if type(resource) is dict:
            url, type_name = entry.get("fullUrl"), resource.get("resourceType")
            if type(url) is str:
                found[url] = resource
            if type(type_name) is str and type(resource.get("id")) is str:
                found[f"{type_name}/{resource['id']}"] = resource
    return found
