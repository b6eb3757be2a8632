"""A code system as something to ask: its concepts by code, with the hierarchy and the properties they have.

https://hl7.org/fhir/R4/codesystem.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

_INACTIVE = frozenset({"retired", "inactive"})
_ABSTRACT = frozenset({"notSelectable", "abstract"})
_SUBSUMING = frozenset({None, "is-a"})


@dataclass(slots=True)
class Concept:
    """One concept; `parents` and `children` are codes, `properties` (code, value[x] as JSON has it)."""

    code: str
    display: str | None = None
    definition: str | None = None
    designations: Sequence[Json] = ()
    properties: Sequence[Json] = ()
    parents: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)

    @property
    def inactive(self) -> bool:
        """Whether it is no longer in use; a deprecated one still is."""
        return any(
            one.get("valueBoolean") is True
            if one.get("code") == "inactive"
            else one.get("code") == "status" and _value(one) in _INACTIVE
            for one in self.properties
        )

    @property
    def abstract(self) -> bool:
        """Whether it only groups others and is not for use itself."""
        return any(
            one.get("code") in _ABSTRACT and one.get("valueBoolean") is True for one in self.properties
        )

    def values(self, property_: str) -> Iterator[str]:
        """The values of a property, as text; `parent`, `child`, `code`, `display`, `definition` are properties too."""
        match property_:
            case "parent":
                yield from self.parents
            case "child":
                yield from self.children
            case "code" | "concept":
                yield self.code
            case "display" | "definition":
                text = self.display if property_ == "display" else self.definition
                yield from () if text is None else (text,)
            case _:
                for one in self.properties:
                    if one.get("code") == property_:
                        yield _value(one)

    def texts(self) -> Iterator[str]:
        """Everything the concept is called."""
        if self.display is not None:
            yield self.display
        for designation in self.designations:
            yield str(designation["value"])


class CodeSystem:
    """The concepts of a valid CodeSystem resource."""

    def __init__(self, resource: Json) -> None:
        self.url = str(resource.get("url", ""))
        self.version: str | None = resource.get("version")
        self.name = str(resource.get("title") or resource.get("name") or self.url)
        self.value_set: str | None = resource.get("valueSet")
        self.content = str(resource.get("content", "complete"))
        self.properties = frozenset(str(one["code"]) for one in resource.get("property", ()))
        self.subsumes = resource.get("hierarchyMeaning") in _SUBSUMING
        self._case_sensitive = resource.get("caseSensitive") is not False
        self.concepts: dict[str, Concept] = {}
        self._add(resource.get("concept", ()))
        self._link()
        self._folded = {} if self._case_sensitive else {code.casefold(): code for code in self.concepts}

    @property
    def complete(self) -> bool:
        """Whether a code that is not here is no code of the system."""
        return self.content == "complete"

    def find(self, code: str) -> Concept | None:
        """The concept with a code, in any case where the system says that case does not matter."""
        found = self.concepts.get(code)
        if found is None and not self._case_sensitive:
            found = self.concepts.get(self._folded.get(code.casefold(), ""))
        return found

    def below(self, code: str) -> frozenset[str]:
        """The code and all that it subsumes; without hierarchy of the kind "is a" the code alone."""
        return self._closure(code, lambda concept: concept.children)

    def above(self, code: str) -> frozenset[str]:
        """The code and all that subsume it."""
        return self._closure(code, lambda concept: concept.parents)

    def _closure(self, code: str, step: Any) -> frozenset[str]:
        reached, ahead = {code}, [code] if self.subsumes else []
        while ahead:
            for near in step(self.concepts[ahead.pop()]):
                if near not in reached and near in self.concepts:
                    reached.add(near)
                    ahead.append(near)
        return frozenset(reached)

    def _add(self, listed: Iterable[Json]) -> None:
        """Concepts in their order, each before those inside it; the walk keeps its own stack."""
        ahead: list[tuple[Json, str | None]] = [(one, None) for one in reversed(list(listed))]
        while ahead:
            one, parent = ahead.pop()
            code = str(one["code"])
            concept = self.concepts.get(code)
            if concept is None:
                concept = self.concepts[code] = Concept(
                    code,
                    one.get("display"),
                    one.get("definition"),
                    one.get("designation", ()),
                    one.get("property", ()),
                )
            if parent is not None:
                self._relate(parent, code)
            ahead += [(inner, code) for inner in reversed(one.get("concept", ()))]

    def _link(self) -> None:
        """The hierarchy that properties tell: `parent`, `child`, `subsumedBy`."""
        for concept in list(self.concepts.values()):
            for one in concept.properties:
                match one.get("code"):
                    case "parent" | "subsumedBy":
                        self._relate(_value(one), concept.code)
                    case "child":
                        self._relate(concept.code, _value(one))

    def _relate(self, parent: str, child: str) -> None:
        if parent in self.concepts and child in self.concepts and parent not in self.concepts[child].parents:
            self.concepts[child].parents.append(parent)
            self.concepts[parent].children.append(child)


def _value(property_: Json) -> str:
    for name, value in property_.items():
        if name.startswith("value"):
            if isinstance(value, bool):
                return str(value).lower()
            return str(value["code"]) if isinstance(value, Mapping) and "code" in value else str(value)
    return ""
