"""Checks a value against a JSON Schema of the keywords that the Compose Specification uses; another one is an error.

https://json-schema.org/draft-07/json-schema-validation
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
_SAYS_NOTHING = {
    "$schema",
    "$id",
    "title",
    "description",
    "default",
    "deprecated",
    "definitions",
    "format",
}
_OF_OBJECTS = {"properties", "patternProperties", "additionalProperties"}


def problems(value: Any, schema: Schema, root: Schema, path: str = "") -> Iterator[str]:
    """What is wrong with `value`: its path and why."""
    for keyword, says in schema.items():
        if keyword in _SAYS_NOTHING:
            continue
        if keyword in _OF_OBJECTS:
            if isinstance(value, dict) and keyword == next(k for k in schema if k in _OF_OBJECTS):
                yield from _properties(value, schema, root, path)
        elif keyword in ("oneOf", "anyOf"):
            fitting = [one for one in says if not any(problems(value, one, root, path))]
            if not fitting or (keyword == "oneOf" and len(fitting) > 1):
                yield f"{path}: fits {len(fitting)} of {len(says)}: {value!r}"
        elif keyword == "$ref":
            yield from problems(value, _referred(says, root), root, path)
        elif keyword == "items":
            for index, item in enumerate(value if isinstance(value, list) else ()):
                yield from problems(item, says, root, f"{path}/{index}")
        elif not _fits(keyword, says, value):
            yield f"{path}: {keyword} {says}: {value!r}"


def _properties(value: dict[str, Any], schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for key, content in value.items():
        named = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        named += [
            one for pattern, one in schema.get("patternProperties", {}).items() if re.search(pattern, key)
        ]
        rest = schema.get("additionalProperties", True)
        if not named and rest is False:
            yield f"{path}/{key}: not known"
        elif not named and isinstance(rest, dict):
            named = [rest]
        for one in named:
            yield from problems(content, one, root, f"{path}/{key}")


def _fits(keyword: str, says: Any, value: Any) -> bool:
    match keyword:
        case "type":
            return any(_TYPES[one](value) for one in ([says] if isinstance(says, str) else says))
        case "enum":
            return value in says
        case "required":
            return not isinstance(value, dict) or all(one in value for one in says)
        case "pattern":
            return not isinstance(value, str) or re.search(says, value) is not None
        case "minimum":
            return not _TYPES["number"](value) or bool(value >= says)
        case "maximum":
            return not _TYPES["number"](value) or bool(value <= says)
        case "uniqueItems":
            return not isinstance(value, list) or not any(one in value[:at] for at, one in enumerate(value))
    raise NotImplementedError(keyword)


def _referred(reference: str, root: Schema) -> Schema:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, dict)
    return found
