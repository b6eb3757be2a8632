"""FHIRPath Patch: operations on the elements of a resource, as Parameters.

A path selects as `telerehab.fhir.patch.selecting` can. What a patch empties on its way is gone at its end.
https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telerehab.fhir.fhirpath import syntax
from telerehab.fhir.fhirpath.element_types import Member, members
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.json import MAX_DEPTH, JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.fhir.patch.operation_parts import Part, Parts, operations_of
from telerehab.fhir.patch.places import Pair, Place, pairs_at, put_pairs, repeats, root_place, type_of
from telerehab.fhir.patch.selecting import parsed, select
from telerehab.fhir.patch.values import copied, size_of, without_empty


class _Impossible(Exception):
    """An operation that this resource does not allow; the message says why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it was sent, its path read."""

    type: str
    path: syntax.Expression
    parts: Parts


@dataclass(frozen=True, slots=True)
class FhirPathPatch:
    """Operations, applied in their order, all or none."""

    operations: Sequence[Operation]

    @classmethod
    def of(cls, document: Any) -> FhirPathPatch:
        """Read Parameters; 400 naming the parameter that is malformed."""
        return cls([_operation(parts) for parts in operations_of(document)])

    def apply(self, content: JsonObject) -> JsonObject:
        """The patched content; 422 naming the operation that cannot be done."""
        root = root_place(copied(content))
        for operation in self.operations:
            try:
                _DO[operation.type](operation, root)
            except (_Impossible, FhirPathError) as reason:
                told = f"The operation '{operation.type}' cannot be done: {reason}."
                raise FhirError(422, [Issue("processing", told, operation.parts.where)]) from None
        patched: JsonObject = without_empty(root.value) or {}
        if size_of(patched)[1] > MAX_DEPTH:
            raise FhirError(422, [Issue("too-costly", f"It would be nested deeper than {MAX_DEPTH} levels.")])
        return patched


def _operation(parts: Parts) -> Operation:
    type_ = parts.text("type")
    if type_ not in _DO:
        raise bad_request(f"type is one of {', '.join(_DO)}.", parts.where, "value")
    for needed in _NEEDS[type_]:
        parts.required(needed)
    try:
        return Operation(type_, parsed(parts.text("path")), parts)
    except FhirPathError as error:
        raise bad_request(f"The path is not FHIRPath: {error}.", parts.where, "value") from None


def _add(operation: Operation, root: Place) -> None:
    parent = _only(operation, root)
    name, type_ = operation.parts.text("name"), parent.type
    member, pair = _made(operation.parts.required("value"), type_, name)
    inside = parent.inside()
    there = [each for known in members(type_, name) for each in pairs_at(inside, known.key)]
    if repeats(type_, name):
        put_pairs(inside, member.key, [*there, pair], repeats=True)
    elif there:
        raise _Impossible(f"there is a {name} already; replace it")
    else:
        put_pairs(inside, member.key, [pair], repeats=False)


def _insert(operation: Operation, root: Place) -> None:
    parent, name = _collection(operation, root)
    member, pair = _made(operation.parts.required("value"), parent.type, name)
    inside = parent.inside()
    pairs, index = pairs_at(inside, member.key), operation.parts.number("index")
    if index > len(pairs):
        raise _Impossible(f"the list has {len(pairs)} elements")
    pairs.insert(index, pair)
    put_pairs(inside, member.key, pairs, repeats=True)


def _delete(operation: Operation, root: Place) -> None:
    found = select(operation.path, root)
    if len(found) > 1:
        raise _Impossible("its path selects several elements")
    for place in found:
        _require_element(place, root)
        place.remove()


def _replace(operation: Operation, root: Place) -> None:
    place = _only(operation, root)
    _require_element(place, root)
    member, pair = _made(operation.parts.required("value"), place.parent, place.name)
    if member.key == place.key:
        place.replace(pair)
    else:  # a choice of another type
        place.remove()
        put_pairs(place.holder, member.key, [pair], repeats=False)


def _move(operation: Operation, root: Place) -> None:
    parent, name = _collection(operation, root)
    inside = parent.inside()
    key = next((member.key for member in members(parent.type, name)), name)
    pairs = pairs_at(inside, key)
    source, destination = operation.parts.number("source"), operation.parts.number("destination")
    if max(source, destination) >= len(pairs):
        raise _Impossible(f"the list has {len(pairs)} elements")
    pairs.insert(destination, pairs.pop(source))
    put_pairs(inside, key, pairs, repeats=True)


_DO = {"add": _add, "insert": _insert, "delete": _delete, "replace": _replace, "move": _move}
_NEEDS: Mapping[str, Sequence[str]] = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}


def _only(operation: Operation, root: Place) -> Place:
    found = select(operation.path, root)
    if len(found) != 1:
        raise _Impossible(f"its path selects {'several elements' if found else 'nothing'}")
    return found[0]


def _require_element(place: Place, root: Place) -> None:
    if place.holder is root.holder:
        raise _Impossible("its path selects the whole resource")


def _collection(operation: Operation, root: Place) -> tuple[Place, str]:
    """The element that holds the list which the path names, and the list's name."""
    match operation.path:
        case syntax.Member(of, name):
            parents = [root] if of is None else select(of, root)
            if len(parents) == 1 and repeats(parents[0].type, name):
                return parents[0], name
    raise _Impossible("its path is that of no list")


def _made(part: Part, type_: str, name: str) -> tuple[Member, Pair]:
    """The member that `part` fills as element `name` of `type_`, and its content."""
    member = _member(part, type_, name)
    if part.parts is None:
        return member, copied(part.pair)
    made: JsonObject = {}
    inner = type_of(made, member.type)
    for each in part.parts:
        filled, pair = _made(each, inner, each.name)
        many = repeats(inner, each.name)
        there = pairs_at(made, filled.key)
        if there and not many:
            raise _Impossible(f"{each.name} is given twice")
        put_pairs(made, filled.key, [*there, pair], repeats=many)
    return member, (made, None)


def _member(part: Part, type_: str, name: str) -> Member:
    known = members(type_, name)
    if len(known) > 1:
        known = tuple(member for member in known if member.key == f"{name}{part.type}")
    if not known:
        raise _Impossible(f"{type_} has no such element as {name[:64]} with this value")
    return known[0]
