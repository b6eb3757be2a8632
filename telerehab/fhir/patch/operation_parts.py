"""The operations of a FHIRPath Patch as its Parameters hold them: named parts, each with a value or parts of its own.

https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telerehab.fhir.outcome import bad_request
from telerehab.fhir.patch.places import Pair

MAX_OPERATIONS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """A part: its `type` as in value[x] ("Code"), "Resource" for a resource; `parts` instead of a value, or None."""

    name: str
    type: str
    pair: Pair
    parts: Sequence[Part] | None


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one operation by name; `where` is its FHIRPath."""

    where: str
    named: Mapping[str, Part]

    def required(self, name: str) -> Part:
        """400 where it is lacking."""
        if name not in self.named:
            raise bad_request(f"The part '{name}' is lacking.", self.where, "required")
        return self.named[name]

    def text(self, name: str) -> str:
        """A part that is a string or code; 400 for another."""
        value = self.required(name).pair[0]
        if not isinstance(value, str) or not value:
            raise bad_request(f"The part '{name}' is a text.", self.where, "value")
        return value

    def number(self, name: str) -> int:
        """A part that is an integer from 0 on; 400 for another."""
        value = self.required(name).pair[0]
        if type(value) is not int or value < 0:
            raise bad_request(f"The part '{name}' is an integer from 0 on.", self.where, "value")
        return value


def operations_of(document: Any) -> list[Parts]:
    """The operations of a patch; 400 for what is no such Parameters."""
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters":
        raise bad_request("A FHIRPath Patch is a Parameters resource.", "resourceType", "structure")
    listed = document.get("parameter", [])
    if not isinstance(listed, list):
        raise bad_request("Parameters.parameter is a list.", "Parameters.parameter", "structure")
    if len(listed) > MAX_OPERATIONS:
        raise bad_request(
            f"A patch may have {MAX_OPERATIONS} operations.", "Parameters.parameter", "too-costly"
        )
    return [_parts(given, f"Parameters.parameter[{index}]") for index, given in enumerate(listed)]


def _parts(given: Any, where: str) -> Parts:
    if not isinstance(given, dict) or given.get("name") != "operation":
        raise bad_request("Each parameter of a patch is named 'operation'.", f"{where}.name", "value")
    named: dict[str, Part] = {}
    for part in _listed(given, where):
        if part.name in named:
            raise bad_request(f"The part '{part.name[:64]}' is given twice.", where, "invalid")
        named[part.name] = part
    return Parts(where, named)


def _listed(given: Mapping[str, Any], where: str) -> Iterator[Part]:
    parts = given.get("part", [])
    if not isinstance(parts, list):
        raise bad_request("part is a list.", f"{where}.part", "structure")
    for index, part in enumerate(parts):
        yield _part(part, f"{where}.part[{index}]")


def _part(given: Any, where: str) -> Part:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise bad_request("A part has a name.", f"{where}.name", "required")
    name = given["name"]
    if "part" in given:
        return Part(name, "", (None, None), list(_listed(given, where)))
    if isinstance(given.get("resource"), dict):
        return Part(name, "Resource", (given["resource"], None), None)
    types = {key.lstrip("_").removeprefix("value") for key in given if key.lstrip("_").startswith("value")}
    if len(types) != 1:
        raise bad_request("A part has one value, or parts.", where, "structure")
    (type_,) = types
    return Part(name, type_, (given.get(f"value{type_}"), given.get(f"_value{type_}")), None)
