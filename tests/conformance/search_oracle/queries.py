"""Random queries over a store: each criterion takes its value from something stored, and bends it."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from tests.conformance.search_oracle.corpus import COUNTS, DATES, MOMENTS, NUMBERS, TYPES
from tests.conformance.search_oracle.definitions import (
    Element,
    Json,
    parameter_by_url,
    search_parameters,
    selected,
    within,
)
from tests.conformance.search_oracle.meaning import Meaning, codes, fold, read_texts, texts, unescape
from tests.conformance.search_oracle.ranges import PREFIXES, numbers_of

Criterion = tuple[str, str]

NOT_SEARCHED = {"_content", "_text", "_query", "_lastUpdated"}
LINKS = {
    "Observation": [
        "patient",
        "subject",
        "subject:Patient",
        "encounter",
        "performer:Practitioner",
        "performer",
    ],
    "Condition": ["patient", "encounter"],
    "Encounter": ["patient", "practitioner", "service-provider", "participant:Practitioner"],
    "Patient": ["organization", "general-practitioner:Practitioner"],
    "RiskAssessment": ["condition", "patient"],
    "ChargeItem": ["context:Encounter", "subject:Patient"],
    "QuestionnaireResponse": ["author:Practitioner", "source:Patient"],
}
REFERRING = {
    "Patient": [("Observation", "patient"), ("Condition", "subject"), ("Encounter", "patient")],
    "Encounter": [("Observation", "encounter"), ("Condition", "encounter")],
    "Practitioner": [("Patient", "general-practitioner"), ("Observation", "performer")],
    "Condition": [("RiskAssessment", "condition")],
    "Organization": [("Patient", "organization"), ("Organization", "partof")],
}


class Queries:
    """Draws queries; the same seed draws the same."""

    def __init__(self, seed: int, meaning: Meaning) -> None:
        self.random = Random(seed)
        self.meaning = meaning

    def query(self) -> tuple[str, list[Criterion]]:
        """A type, and up to three criteria of it."""
        type_ = self.pick(list(COUNTS))
        return type_, [self.criterion(type_) for _ in range(self.random.choice([1, 1, 1, 2, 2, 3]))]

    def criterion(self, type_: str, depth: int = 0) -> Criterion:
        """A criterion; one in seven is a link to another type."""
        if depth < 2 and self.random.random() < 0.15:
            if type_ in LINKS and self.random.random() < 0.6:
                return self._chain(type_, depth)
            if type_ in REFERRING:
                other, code = self.pick(REFERRING[type_])
                name, value = self.criterion(other, depth + 1)
                return f"_has:{other}:{code}:{name}", value
        return self._plain(type_)

    def pick(self, among: Any) -> Any:
        return self.random.choice(among)

    def _chain(self, type_: str, depth: int) -> Criterion:
        link = self.pick(LINKS[type_])
        code, _, target = link.partition(":")
        targets = [target] if target else [t for t in search_parameters(type_)[code]["target"] if t in COUNTS]
        name, value = self.criterion(self.pick(targets), depth + 1)
        return f"{link}.{name}", value

    def _plain(self, type_: str) -> Criterion:
        codes_ = [
            c for c, p in search_parameters(type_).items() if c not in NOT_SEARCHED and self._stored(type_, c)
        ]
        code = self.pick(sorted(codes_))
        kind = search_parameters(type_)[code]["type"]
        if code == "_id":
            return code, ",".join(self._element(type_, code).value for _ in range(self.pick([1, 3])))
        if self.random.random() < 0.07 and kind != "composite":
            return f"{code}:missing", self.pick(["true", "false"])
        if kind == "composite":
            return code, self._or(lambda: self._composite(type_, code))
        if kind == "reference":
            return self._reference(type_, code)
        modifier = self._modifier(type_, code, kind)
        suffix = f":{modifier}" if modifier else ""
        return code + suffix, self._or(lambda: self._value(self._element(type_, code), kind, modifier))

    def _or(self, value: Any) -> str:
        return ",".join(filter(None, (value() for _ in range(self.pick([1, 1, 1, 2, 3]))))) or "nothing"

    def _stored(self, type_: str, code: str) -> bool:
        parameter = search_parameters(type_)[code]
        names = [name for name in self.meaning.resources if name.startswith(f"{type_}/")]
        if parameter["type"] == "composite":
            return True
        return any(self.meaning.elements(name, code) for name in names)

    def _element(self, type_: str, code: str) -> Element:
        names = [name for name in self.meaning.resources if name.startswith(f"{type_}/")]
        elements = [element for name in names for element in self.meaning.elements(name, code)]
        found: Element = self.pick(elements)
        return found

    def _modifier(self, type_: str, code: str, kind: str) -> str | None:
        chance = self.random.random()
        if kind == "string":
            return str(self.pick(["", "", "exact", "contains"])) or None
        if kind == "uri":
            return (str(self.pick(["", "", "above", "below"])) or None) if code == "url" else None
        if kind == "token" and chance < 0.15:
            return "not"
        element = self._element(type_, code)
        if kind == "token" and chance < 0.3 and element.type in ("CodeableConcept", "Identifier"):
            return "text"
        return "of-type" if kind == "token" and chance < 0.5 and element.type == "Identifier" else None

    def _value(self, element: Element, kind: str, modifier: str | None) -> str:
        match kind:
            case "string":
                text = self._string(self.pick(texts(element) or ["x"]))
                return text if modifier != "contains" or len(fold(unescape(text))) > 2 else "three"
            case "token":
                return self._token(element, modifier)
            case "date":
                return f"{self._prefix()}{self.pick(DATES + MOMENTS)}"
            case "number":
                return self._prefix() + self._number(element)
            case "quantity":
                return self._prefix() + self._number(element) + self._unit(element)
        if modifier and element.value.startswith("urn:"):
            return "https://q.example"  # neither above nor below anything
        return escaped(self.pick([element.value, element.value, element.value + "/b", "https://q.example"]))

    def _string(self, text: str) -> str:
        start = self.pick([0, 0, 0, 1])
        cut = text[start : self.pick([None, 3, 4])].strip() or text
        return escaped(self.pick([cut, cut, cut.upper(), cut.lower(), text]))

    def _token(self, element: Element, modifier: str | None) -> str:
        if modifier == "of-type":
            return f"{TYPES}|{self.pick(['MR', 'SS'])}|{element.value.get('value', '1')}"
        if modifier == "text":
            return self._string(self.pick(read_texts(element) or ["Knee"]))
        pairs = codes(element)
        if not pairs:
            return "none"
        system, code = self.pick(pairs)
        system_, code_ = escaped(system or ""), escaped(code or "")
        forms = [code_, code_, f"{system_}|{code_}"]
        if element.type in ("Identifier", "Coding", "CodeableConcept"):
            forms += [f"{system_}|"] * bool(system) + [f"|{code_}"]
        return str(self.pick(forms if element.type != "ContactPoint" else [code_]))

    def _prefix(self) -> str:
        return str(self.pick(["", "", *PREFIXES]))

    def _number(self, element: Element) -> str:
        ends = [str(n) for n in numbers_of(element) if n.is_finite()]
        return str(
            self.pick(
                [*ends, self.pick(NUMBERS), str(Decimal(ends[0]).normalize()).lower().replace("e+", "e")]
            )
        )

    def _unit(self, element: Element) -> str:
        unit = element.value.get("low") or element.value.get("high") or element.value
        system, code = unit.get("system", ""), unit.get("code", unit.get("unit", ""))
        return str(self.pick(["", f"|{system}|{code}", f"||{code}"] if code else [""]))

    def _reference(self, type_: str, code: str) -> Criterion:
        wide = "subject" if code == "patient" and self.random.random() < 0.3 else code
        elements = [self._element(type_, wide) for _ in range(self.pick([1, 1, 2, 3]))]
        if elements[0].type == "canonical":
            return code, ",".join(
                escaped(e.value.partition("|")[0] if self.pick([0, 1]) else e.value) for e in elements
            )
        literals = [
            e.value["reference"] for e in elements if not e.value.get("reference", "#").startswith("#")
        ]
        identified = [e.value["identifier"] for e in elements if "identifier" in e.value]
        if not literals or (identified and self.random.random() < 0.5):
            return f"{code}:identifier", ",".join(self._identifier(one) for one in identified) or "1"
        named = [one.partition("/_history")[0] for one in literals]
        local = [one.removeprefix(f"{self.meaning.base}/") for one in named]
        if code in ("partof", "organization") and self.random.random() < 0.4:
            return f"{code}:{self.pick(['above', 'below'])}", f"Organization/or{self.random.randrange(8)}"
        forms = [local, named, [f"{self.meaning.base}/{one}" if "://" not in one else one for one in local]]
        here = [one for one in local if "://" not in one]
        if here:
            forms.append([one.partition("/")[2] for one in here])
            target = here[0].partition("/")[0]
            if target in search_parameters(type_)[code]["target"] and self.random.random() < 0.2:
                return f"{code}:{target}", here[0].partition("/")[2]
        return code, ",".join(map(escaped, self.pick(forms)))

    def _identifier(self, value: Json) -> str:
        system = value.get("system")
        return f"{system}|{value['value']}" if system and self.pick([True, False]) else str(value["value"])

    def _composite(self, type_: str, code: str) -> str:
        """A value of each component, mostly from one and the same element."""
        parameter = search_parameters(type_)[code]
        names = [name for name in self.meaning.resources if name.startswith(f"{type_}/")]
        for _ in range(60):
            wholes = selected(self.meaning.resources[self.pick(names)], parameter["expression"])
            if not wholes:
                continue
            whole, values = self.pick(wholes), []
            for component in parameter["component"]:
                kind = parameter_by_url(component["definition"])["type"]
                parts = within(whole, component["expression"])
                value = self._part(self.pick(parts), kind) if parts else ""
                values.append(value)
            if all(values):
                return "$".join(values)
        return "no$1"

    def _part(self, element: Element, kind: str) -> str:
        if kind != "token":
            return self._value(element, kind, None)
        system, code = self.pick(codes(element) or [(None, None)])
        return (
            escaped(code or "") if not system or self.pick([0, 1]) else f"{escaped(system)}|{escaped(code)}"
        )


def escaped(text: str) -> str:
    for character in "\\|$,":
        text = text.replace(character, f"\\{character}")
    return text
