"""JSON Patch: operations on the JSON of a resource, addressed by JSON Pointers.

https://www.rfc-editor.org/rfc/rfc6902
https://www.rfc-editor.org/rfc/rfc6901
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telerehab.fhir.json import MAX_DEPTH, JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.fhir.patch.values import copied, same, size_of

MAX_OPERATIONS = 1000
MAX_COPIED = 100_000
"""Values that the copies of one patch may make: copies of copies would grow without end."""
_NEEDS = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE = re.compile(r"~(?![01])")

Pointer = tuple[str, ...]


class _Impossible(Exception):
    """An operation that this document does not allow; the message says why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `source` is where `move` and `copy` take from."""

    op: str
    path: Pointer
    source: Pointer
    value: Any


@dataclass(frozen=True, slots=True)
class JsonPatch:
    """Operations, applied in their order, all or none."""

    operations: Sequence[Operation]

    @classmethod
    def of(cls, document: Any) -> JsonPatch:
        """Read a patch document; 400 naming the operation that is malformed."""
        if not isinstance(document, list):
            raise bad_request("A JSON Patch is an array of operations.", code="structure")
        if len(document) > MAX_OPERATIONS:
            raise bad_request(f"A patch may have {MAX_OPERATIONS} operations.", code="too-costly")
        return cls([_operation(each, f"[{index}]") for index, each in enumerate(document)])

    def apply(self, content: JsonObject) -> JsonObject:
        """The patched content; 422 naming the operation that cannot be done, or whose test fails."""
        root: JsonObject = {"": copied(content)}
        copies = 0
        for index, operation in enumerate(self.operations):
            try:
                if operation.op == "copy":
                    copies += size_of(_get(root, operation.source))[0]
                    if copies > MAX_COPIED:
                        raise _Impossible("it copies too much")
                _apply(root, operation)
            except _Impossible as reason:
                told = f"The operation '{operation.op}' cannot be done: {reason}."
                code = "conflict" if operation.op == "test" else "processing"
                raise FhirError(422, [Issue(code, told, f"[{index}]")]) from None
        patched = root[""]
        if not isinstance(patched, dict):
            raise FhirError(422, [Issue("structure", "What the patch leaves is no resource.")])
        return patched


def _operation(given: Any, where: str) -> Operation:
    if not isinstance(given, Mapping):
        raise bad_request("An operation is an object.", where, "structure")
    op = given.get("op")
    if not isinstance(op, str) or op not in _NEEDS:
        raise bad_request(f"op is one of {', '.join(_NEEDS)}.", f"{where}.op", "value")
    for needed in _NEEDS[op]:
        if needed not in given:
            raise bad_request(f"'{op}' needs '{needed}'.", f"{where}.{needed}", "required")
    path = _pointer(given.get("path"), f"{where}.path")
    source = _pointer(given["from"], f"{where}.from") if "from" in _NEEDS[op] else ("",)
    return Operation(op, path, source, given.get("value"))


def _pointer(text: Any, where: str) -> Pointer:
    """The tokens of a JSON Pointer, below the root's own name."""
    if not isinstance(text, str) or (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise bad_request("A JSON Pointer is empty or starts with '/'.", where, "value")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/"))


def _apply(root: JsonObject, operation: Operation) -> None:
    path, value = operation.path, operation.value
    match operation.op:
        case "add":
            _add(root, path, copied(value))
        case "remove":
            _remove(root, path)
        case "replace":
            _get(root, path)
            _replace(root, path, copied(value))
        case "move":
            if path[: len(operation.source)] == operation.source and path != operation.source:
                raise _Impossible("nothing moves into itself")
            _add(root, path, _remove(root, operation.source))
        case "copy":
            _add(root, path, copied(_get(root, operation.source)))
        case "test":
            if not same(_get(root, path), value):
                raise _Impossible("the value is another one")


def _get(root: JsonObject, path: Pointer) -> Any:
    value: Any = root
    for token in path:
        if isinstance(value, dict):
            if token not in value:
                raise _Impossible("there is nothing at its path")
            value = value[token]
        elif isinstance(value, list):
            value = value[_place(value, token, len(value) - 1)]
        else:
            raise _Impossible("there is nothing at its path")
    return value


def _add(root: JsonObject, path: Pointer, value: Any) -> None:
    if len(path) + size_of(value)[1] > MAX_DEPTH:
        raise _Impossible(f"what it leaves is nested deeper than {MAX_DEPTH} levels")
    holder, token = _get(root, path[:-1]), path[-1]
    if isinstance(holder, dict):
        holder[token] = value
    elif isinstance(holder, list):
        holder.insert(len(holder) if token == "-" else _place(holder, token, len(holder)), value)
    else:
        raise _Impossible("there is no object or array to add to")


def _replace(root: JsonObject, path: Pointer, value: Any) -> None:
    holder, token = _get(root, path[:-1]), path[-1]
    if len(path) + size_of(value)[1] > MAX_DEPTH:
        raise _Impossible(f"what it leaves is nested deeper than {MAX_DEPTH} levels")
    holder[int(token) if isinstance(holder, list) else token] = value


def _remove(root: JsonObject, path: Pointer) -> Any:
    removed = _get(root, path)
    if len(path) == 1:
        raise _Impossible("the whole resource is not removed by a patch")
    holder, token = _get(root, path[:-1]), path[-1]
    del holder[int(token) if isinstance(holder, list) else token]
    return removed


def _place(holder: list[Any], token: str, last: int) -> int:
    if _INDEX.fullmatch(token) is None or int(token) > last:
        raise _Impossible(f"the array has no item {token[:20]}")
    return int(token)
