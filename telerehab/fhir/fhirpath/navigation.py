"""From elements to the elements below them, each with the type that the definitions give it.

https://hl7.org/fhir/R4/fhirpath.html#polymorphism
https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.fhirpath.element_types import Member, every_member, is_primitive, members
from telerehab.fhir.fhirpath.values import Collection, Node, Quantity, TypeInfo, is_a

_RESOURCES = frozenset({"Resource", "DomainResource"})


def root(resource: Any) -> Node:
    """A whole resource; of an unknown type it has no elements."""
    return Node(resource, _resource_type(resource))


def step(items: Collection, name: str) -> Collection:
    """All elements called `name` directly below `items`; a choice is called without its type (`value`)."""
    found: Collection = []
    for item in items:
        if type(item) is Node:
            _below(item, name, found)
        elif type(item) is Quantity or type(item) is TypeInfo:
            value = getattr(item, name, None)
            if value is not None and not callable(value):
                found.append(value)
    return found


def _below(node: Node, name: str, found: Collection) -> None:
    value = node.value
    if type(value) is not dict or node.companion is not None:
        if type(node.companion) is not dict or name not in ("id", "extension"):
            return
        value = node.companion
    for member in members(node.type, name):
        _collect(node, value, member, found)


def _collect(node: Node, value: dict[str, Any], member: Member, found: Collection) -> None:
    key, type_ = member.key, member.type
    held = value.get(key)
    if is_primitive(type_):
        companion = value.get("_" + key)
        if companion is not None:
            found.extend(_with_companions(node, member, held, companion))
            return
        if type(held) is str:  # what most elements are
            found.append(Node(held, type_, None, node, key))
            return
    if held is None:
        return
    own_type = type_ in _RESOURCES
    if type(held) is list:
        for index, item in enumerate(held):
            if item is not None:
                found.append(Node(item, _resource_type(item) if own_type else type_, None, node, key, index))
    else:
        found.append(Node(held, _resource_type(held) if own_type else type_, None, node, key))


def _with_companions(node: Node, member: Member, held: Any, companion: Any) -> Iterator[Node]:
    if type(held) is not list and type(companion) is not list:
        yield Node(held, member.type, companion, node, member.key)
        return
    values = held if type(held) is list else []
    companions = companion if type(companion) is list else []
    for index in range(max(len(values), len(companions))):
        value = values[index] if index < len(values) else None
        own = companions[index] if index < len(companions) else None
        if value is not None or own is not None:
            yield Node(value, member.type, own, node, member.key, index)


def children(items: Collection) -> Collection:
    """All elements directly below `items`, in the order of the JSON."""
    found: Collection = []
    for item in items:
        if type(item) is Node:
            _all_below(item, found)
    return found


def _all_below(node: Node, found: Collection) -> None:
    value = node.companion if is_primitive(node.type) else node.value
    if type(value) is not dict:
        return
    known = every_member(node.type)
    seen = set()
    for name in value:
        key = name.removeprefix("_")
        member = known.get(key)
        if member is not None and key not in seen:
            seen.add(key)
            _collect(node, value, member, found)


def _resource_type(resource: Any) -> str:
    named = resource.get("resourceType") if type(resource) is dict else None
    return named if type(named) is str and named in resource_types() else "Resource"


def type_info(item: Any) -> TypeInfo:
    """The type of an item as FHIR or FHIRPath names it."""
    if type(item) is Node:
        return TypeInfo("FHIR", "BackboneElement" if "." in item.type else item.type)
    name = getattr(item, "kind", None) or _SYSTEM.get(type(item).__name__, "Any")
    return TypeInfo("System", name)


_SYSTEM = {"bool": "Boolean", "int": "Integer", "Decimal": "Decimal", "Number": "Decimal", "str": "String",
           "Quantity": "Quantity"}  # fmt: skip


def is_of_type(item: Any, wanted: str, *, exactly: bool = False) -> bool:
    """Whether an item is of the type `wanted` ("Quantity", "FHIR.Patient", "System.Boolean") or of one derived from it.

    `exactly`: a primitive is only of the very type that the definitions give it, as `as` and `ofType` want it.
    """
    namespace, _, name = wanted.rpartition(".")
    if type(item) is not Node:
        return namespace != "FHIR" and type_info(item).name == name
    if namespace == "System":
        return False
    return item.type == name if exactly and is_primitive(item.type) else is_a(item.type, name)
