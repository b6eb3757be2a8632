"""What a search means, evaluated over plain resources in memory: one function a search type, nothing indexed.

Where the specification leaves a choice, it is the one of docs/decisions/0030.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from tests.conformance.search_oracle.definitions import (
    Element,
    Json,
    parameter_by_url,
    search_parameters,
    selected,
    within,
)
from tests.conformance.search_oracle.ranges import number_matches, time_matches

NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")
SYSTEM_OF_CODE = {"gender": "http://hl7.org/fhir/administrative-gender"}
REFERENCE = re.compile(r"([A-Z]\w+)/([^/|]+?)(?:/_history/[^/]+)?")

Matches = Callable[[Element, str | None, str], bool]


class Meaning:
    """The resources of a store, by reference ("Patient/1"), and our own base URL."""

    def __init__(self, resources: dict[str, Json], base: str) -> None:
        self.resources = resources
        self.base = base
        self._selected: dict[tuple[str, str], list[Element]] = {}
        self._matches: dict[str, Matches] = {
            "string": string_matches,
            "token": token_matches,
            "uri": uri_matches,
            "date": lambda element, _, value: time_matches(value, element, datetime.now(UTC)),
            "number": lambda element, _, value: number_matches(value, element),
            "quantity": lambda element, _, value: quantity_matches(element, value),
            "reference": self.reference_matches,
        }

    def found(self, type_: str, pairs: list[tuple[str, str]]) -> set[str]:
        """The references of what fits all criteria."""
        return {name for name in self._of_type(type_) if all(self.fits(name, *pair) for pair in pairs)}

    def fits(self, name: str, criterion: str, value: str) -> bool:
        """Whether a resource fits one criterion, `subject:Patient.name:exact=x` among them."""
        if criterion.startswith("_has:"):
            return self._referred_by(name, criterion, value)
        link, dot, rest = criterion.partition(".")
        if dot:
            code, _, type_ = link.partition(":")
            return any(self.fits(other, rest, value) for other in self._followed(name, code, type_, rest))
        code, _, suffix = criterion.partition(":")
        modifier = suffix or None
        if code == "_id":
            return name.partition("/")[2] in value.split(",")
        parameter = self._parameter(name, code)
        if parameter["type"] == "composite":
            return any(self._composed(name, parameter, one) for one in split(value, ","))
        elements = self.elements(name, code)
        if modifier == "missing":
            return (not elements) == (value == "true")
        matches = self._matches[parameter["type"]]
        wanted = None if modifier == "not" else modifier
        any_ = any(matches(element, wanted, one) for one in split(value, ",") for element in elements)
        return any_ != (modifier == "not")

    def elements(self, name: str, code: str) -> list[Element]:
        """What a parameter selects in a resource."""
        key = name, code
        if key not in self._selected:
            self._selected[key] = selected(self.resources[name], self._parameter(name, code)["expression"])
        return self._selected[key]

    def referred(self, name: str, code: str) -> set[str]:
        """What is in the store of what a parameter of a resource refers to."""
        return set(self._followed(name, code, "", ""))

    def _of_type(self, type_: str) -> Iterator[str]:
        return (name for name in self.resources if name.startswith(f"{type_}/"))

    def _parameter(self, name: str, code: str) -> Json:
        return search_parameters(name.partition("/")[0])[code]

    def _composed(self, name: str, parameter: Json, value: str) -> bool:
        asked = split(value, "$")
        components = parameter["component"]
        for whole in selected(self.resources[name], parameter["expression"]):
            for component, one in zip(components, asked, strict=True):
                meant = parameter_by_url(component["definition"])
                kind = meant["type"]
                # of the resource itself, the component is the parameter it names
                own = "." not in parameter["expression"]
                parts = self.elements(name, meant["code"]) if own else within(whole, component["expression"])
                if not any(self._matches[kind](part, None, one) for part in parts):
                    break
            else:
                return True
        return False

    def _followed(self, name: str, code: str, type_: str, rest: str) -> Iterator[str]:
        for element in self.elements(name, code):
            target = self._local(element)
            if target is None or target not in self.resources:
                continue
            kind = target.partition("/")[0]
            known = not rest or re.split(r"[.:]", rest)[0] in {"_has", *search_parameters(kind)}
            if known and type_ in ("", kind) and kind in self._parameter(name, code)["target"]:
                yield target

    def _referred_by(self, name: str, criterion: str, value: str) -> bool:
        _, type_, code, rest = criterion.split(":", 3)
        return any(
            name in self._followed(other, code, "", "") and self.fits(other, rest, value)
            for other in self._of_type(type_)
        )

    def _local(self, element: Element) -> str | None:
        """`Type/id` of a reference to something here, whatever its version."""
        if element.type == "canonical":
            return None
        literal = REFERENCE.fullmatch(element.value.get("reference", "").removeprefix(f"{self.base}/"))
        return f"{literal[1]}/{literal[2]}" if literal else None

    def reference_matches(self, element: Element, modifier: str | None, value: str) -> bool:
        if element.type in ("canonical", "uri"):
            return unescape(value) in (element.value, element.value.partition("|")[0])
        if modifier == "identifier":
            return "identifier" in element.value and token_matches(
                Element(element.value["identifier"], "Identifier"), None, value
            )
        local = self._local(element)
        asked = unescape(value).removeprefix(f"{self.base}/")
        if modifier in ("above", "below"):
            return local is not None and local in self._hierarchy(asked, modifier)
        if modifier:
            asked = f"{modifier}/{asked}"
        if local is None:
            return bool(element.value.get("reference") == asked)
        return asked == local or ("/" not in asked and asked == local.partition("/")[2])

    def _hierarchy(self, name: str, direction: str) -> set[str]:
        """An Organization and what is above or below it."""
        found: set[str] = set()
        ahead = {name}
        while ahead:
            found |= ahead
            if direction == "above":
                ahead = {to for one in ahead if one in self.resources for to in self.referred(one, "partof")}
            else:
                ahead = {o for o in self._of_type("Organization") if ahead & self.referred(o, "partof")}
            ahead -= found
        return found


def split(value: str, at: str) -> list[str]:
    r"""The parts of a value; `\` takes the meaning from what follows it, and stays."""
    return [part.replace("\0", at) for part in _hidden(value, at).split(at)]


def _hidden(value: str, at: str) -> str:
    """The value with the escaped separators put out of sight."""
    return re.sub(r"\\(.)", lambda found: "\\\0" if found[1] == at else found[0], value)


def unescape(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def fold(text: str) -> str:
    """Without case, accents and doubled spaces."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def string_matches(element: Element, modifier: str | None, value: str) -> bool:
    asked = unescape(value)
    for text in texts(element):
        if modifier == "exact" and text == asked:
            return True
        if modifier == "contains" and fold(asked) in fold(text):
            return True
        if modifier is None and fold(text).startswith(fold(asked)):
            return True
    return False


def texts(element: Element) -> list[str]:
    parts = {"HumanName": NAME_PARTS, "Address": ADDRESS_PARTS}.get(element.type)
    if parts is None:
        return [element.value]
    found = [element.value.get(part, []) for part in parts]
    return [text for one in found for text in ([one] if isinstance(one, str) else one)]


def token_matches(element: Element, modifier: str | None, value: str) -> bool:
    if modifier == "text":
        asked = fold(unescape(value))
        return any(fold(text).startswith(asked) for text in read_texts(element))
    parts = [unescape(part) for part in split(value, "|")]
    if modifier == "of-type":
        *wanted, id_ = parts
        types = element.value.get("type", {}).get("coding", [])
        typed = any([one.get("system"), one.get("code")] == wanted for one in types)
        return typed and bool(element.value.get("value") == id_)
    for system, code in codes(element):
        if len(parts) == 1 and code == parts[0]:
            return True
        if len(parts) == 2 and (system or "") == parts[0] and parts[1] in (code, ""):
            return True
    return False


def read_texts(element: Element) -> list[str]:
    """What people read of a code."""
    value = element.value
    if element.type == "Identifier":
        value = value.get("type", {})
        return [value["text"]] if "text" in value else []
    if not isinstance(value, dict):
        return []
    all_ = [value, *value.get("coding", [])]
    return [text for one in all_ for text in (one.get("text"), one.get("display")) if text]


def codes(element: Element) -> list[tuple[str | None, str | None]]:
    """The (system, code) pairs of an element."""
    value = element.value
    match element.type:
        case "CodeableConcept":
            return [(one.get("system"), one.get("code")) for one in value.get("coding", [])]
        case "Coding":
            return [(value.get("system"), value.get("code"))]
        case "Identifier":
            return [(value.get("system"), value.get("value"))]
        case "ContactPoint":
            return [(None, value.get("value"))]
        case "boolean":
            return [(None, str(value).lower())]
        case "code" if value in ("male", "female", "other", "unknown"):
            return [(SYSTEM_OF_CODE["gender"], value)]
    return [(None, value)]


def uri_matches(element: Element, modifier: str | None, value: str) -> bool:
    asked, stored = unescape(value), element.value
    if modifier == "below":
        return stored == asked or bool(stored.startswith(asked.rstrip("/") + "/"))
    if modifier == "above":
        return stored == asked or asked.startswith(stored.rstrip("/") + "/")
    return asked in (stored, stored.partition("|")[0] if element.type == "canonical" else None)


def quantity_matches(element: Element, value: str) -> bool:
    number, *unit = split(value, "|")
    if not number_matches(number, element):
        return False
    if not unit:
        return True
    system, code = (unescape(part) for part in unit)
    ends = (
        [element.value.get("low"), element.value.get("high")] if element.type == "Range" else [element.value]
    )
    return any(_is_unit(end, system, code) for end in ends if end)


def _is_unit(quantity: Json, system: str, code: str) -> bool:
    if system:
        return (quantity.get("system"), quantity.get("code")) == (system, code)
    return code in (quantity.get("code"), quantity.get("unit"))
