"""Official examples bent out of shape, the same way for the same seed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "data" / "r4-examples.ndjson.gz"
LARGEST = 8_000
"""Characters of an example that is taken: larger ones hold more of the same."""

ODD_TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "\udfff\ud800",
    "a\tb",
    "\u202e",
    "\ufffe",
    "x" * 20_000,
    "\U0001f600" * 50,
]
ODD_TEXTS += [
    "../../etc/passwd",
    "'; DROP TABLE resource; --",
    "%00",
    "${jndi:ldap://x}",
    "<script>",
    "a|b,c$d\\",
]
ODD_TEXTS += [
    "0000-00-00",
    "2023-02-30",
    "10000-01-01",
    "2020-01-01T24:00:00Z",
    "2020-06-30T23:59:60Z",
    "-1",
    "NaN",
]
ODD_TEXTS += [
    "urn:uuid:x",
    "#",
    "#nothing",
    "Patient/",
    "/Patient/1",
    "Patient?x=1",
    "http://",
    "http://[::1",
    "https://a/b c",
]
ODD_NUMBERS = [0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.1, 1e308, 5e-324, -0.0, 1.0]
ODD: list[Any] = [
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"a": {"b": {"c": []}}},
    *ODD_TEXTS,
    *ODD_NUMBERS,
]
NAMES = [
    "id",
    "extension",
    "_id",
    "resourceType",
    "meta",
    "contained",
    "value",
    "valueString",
    "",
    "\ud800",
    "__proto__",
    "$x",
]


def examples() -> list[tuple[str, dict[str, Any]]]:
    """The type and content of every example that is small enough."""
    with gzip.open(EXAMPLES, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    small = [json.loads(text) for text in texts if len(text) < LARGEST]
    return [(content["resourceType"], content) for content in small]


class Mutator:
    """Draws mutated examples."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._examples = examples()

    def drawn(self) -> tuple[str, dict[str, Any]]:
        type_, content = self.random.choice(self._examples)
        content = deepcopy(content)
        for _ in range(self.random.choice([1, 1, 1, 2, 5])):
            self.mutate(content)
        return type_, content

    def mutate(self, content: dict[str, Any]) -> None:
        """Bend one place of it."""
        places = list(containers(content))
        at = self.random.choice(places)
        if isinstance(at, dict):
            self._bend_object(at, content)
        elif at:
            self._bend_list(at)
        else:
            at.append(self.random.choice(ODD))

    def _bend_object(self, at: dict[str, Any], whole: dict[str, Any]) -> None:
        key = self.random.choice([*at, "added"]) if at else "added"
        match self.random.randrange(8):
            case 0:
                at.pop(key, None)
            case 1:
                at[self.random.choice(NAMES)] = at.pop(key, "x")
            case 2:
                at[key] = [at.get(key)]
            case 3:
                at[f"_{key}"] = self.random.choice([{"extension": []}, [None], {"id": "x"}, at.get(key)])
            case 4:
                at[key] = deepcopy(self.random.choice(list(containers(whole))))
            case 5:
                at[key] = nested(self.random.choice([5, 60, 400]), self.random.choice(["extension", key]))
            case _:
                at[key] = self.random.choice(ODD)

    def _bend_list(self, at: list[Any]) -> None:
        number = self.random.randrange(len(at))
        match self.random.randrange(4):
            case 0:
                del at[number]
            case 1:
                at.extend(deepcopy(at) * self.random.choice([1, 50]))
            case _:
                at[number] = self.random.choice(ODD)


def containers(value: Any) -> Iterator[Any]:
    """Every object and list of it, itself first."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


def nested(depth: int, name: str) -> Any:
    value: Any = "x"
    for number in range(depth):
        value = {name: value} if number % 2 else [value]
    return value
