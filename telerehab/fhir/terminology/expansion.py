"""Which codes a value set has: its composition worked out over the code systems that are loaded.

https://hl7.org/fhir/R4/valueset.html#compositions
https://hl7.org/fhir/R4/valueset.html#expansion
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from telerehab.fhir.outcome import FhirError, Issue, too_costly, unprocessable
from telerehab.fhir.terminology.code_system import CodeSystem, Concept
from telerehab.fhir.terminology.filters import all_of, filter_of
from telerehab.fhir.terminology.known import Known, split

Json = Mapping[str, Any]
Key = tuple[str, str]

MOST_LOOKED_AT = 200_000  # codes, in all parts of a value set together: well under a second
DEEPEST = 16  # value sets that import value sets


@dataclass(frozen=True, slots=True)
class Member:
    """One code of a value set."""

    system: str
    code: str
    display: str | None = None
    designations: Sequence[Json] = ()
    version: str | None = None
    abstract: bool = False
    inactive: bool = False


@dataclass(slots=True)
class Content:
    """What is in a value set; `lacking` are the systems whose codes in it are not known, with the reason."""

    members: dict[Key, Member] = field(default_factory=dict)
    lacking: dict[str, Issue] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)
    """Systems of which only some codes are known, so that there may be more."""
    used: dict[str, None] = field(default_factory=dict)
    """Canonicals of the code systems and value sets it rests on."""

    def whole(self) -> Content:
        """Itself; FhirError 422 where codes are not known."""
        if self.lacking:
            raise unprocessable(list(self.lacking.values()))
        return self

    def holds(self, system: str, code: str) -> Member | None:
        """The member with a code; FhirError 422 where it cannot be known whether there is one."""
        if system in self.lacking:
            raise unprocessable([self.lacking[system]])
        return self.members.get((system, code))

    def of_code(self, code: str) -> list[Member]:
        """The members with a code, of any system."""
        return [member for member in self.members.values() if member.code == code]


@dataclass(frozen=True, slots=True)
class Versions:
    """Which version of a system to use: `default` where the value set says none, `checked` or 422, `forced` always."""

    default: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, str] = field(default_factory=dict)
    forced: Mapping[str, str] = field(default_factory=dict)

    def of(self, system: str, version: str | None) -> str | None:
        used = self.forced.get(system) or version or self.default.get(system) or self.checked.get(system)
        if system in self.checked and used != self.checked[system]:
            told = f"The value set is about another version of {system} than is to be checked."
            raise unprocessable([Issue("business-rule", told, "Parameters.check-system-version")])
        return used


def content_of(value_set: Json, known: Known, versions: Versions | None = None) -> Content:
    """The codes of a valid ValueSet.

    Raises FhirError: 422 for imports that are unknown or circular, 400 too-costly for more than is worked out here.
    """
    return _Expansion(known, versions or Versions()).of(value_set, ())


class _Expansion:
    """The working out of one value set; what several of its parts import is worked out once."""

    def __init__(self, known: Known, versions: Versions) -> None:
        self._known = known
        self._versions = versions
        self._imports: dict[str, Content] = {}
        self._looked_at = 0

    def of(self, value_set: Json, inside: tuple[str, ...]) -> Content:
        url = str(value_set.get("url", ""))
        if (url and url in inside) or len(inside) > DEEPEST:
            told = (
                "The value set imports itself."
                if url in inside
                else "Value sets import each other too deeply."
            )
            raise unprocessable([Issue("processing", told, "ValueSet.compose.include.valueSet")])
        compose = value_set.get("compose")
        if not isinstance(compose, Mapping):
            return _expanded(value_set)
        content = Content()
        for include in compose.get("include", ()):
            _add(content, self._part(include, (*inside, url)))
        for exclude in compose.get("exclude", ()):
            _subtract(content, self._part(exclude, (*inside, url)))
        if compose.get("inactive") is False:
            content.members = {key: one for key, one in content.members.items() if not one.inactive}
        return content

    def _part(self, include: Json, inside: tuple[str, ...]) -> Content:
        """An include or exclude: what is in its system and in all of its value sets."""
        parts = [self._imported(str(canonical), inside) for canonical in include.get("valueSet", ())]
        if "system" in include:
            parts.insert(0, self._of_system(include))
        self._spend(sum(len(part.members) for part in parts))
        whole = Content()
        for part in parts:
            whole.lacking.update(part.lacking)
            whole.partial |= part.partial
            whole.used.update(part.used)
        first, *others = parts or [Content()]
        whole.members = {
            key: one for key, one in first.members.items() if all(key in other.members for other in others)
        }
        return whole

    def _imported(self, canonical: str, inside: tuple[str, ...]) -> Content:
        if canonical in self._imports:
            return self._imports[canonical]
        value_set = self._known.value_set(*split(canonical))
        if value_set is None:
            told = f"The value set {canonical[:200]} that it imports is not known here."
            raise FhirError(422, [Issue("not-found", told, "ValueSet.compose.include.valueSet")])
        content = self.of(value_set, inside)
        content.used[_canonical(value_set.get("url"), value_set.get("version"))] = None
        self._imports[canonical] = content
        return content

    def _of_system(self, include: Json) -> Content:
        url = str(include["system"])
        version = self._versions.of(url, include.get("version"))
        system = self._known.code_system(url, version)
        if system is None and "concept" in include and "filter" not in include:
            return Content({(url, member.code): member for member in _listed(include, None, version)})
        if system is None:
            return Content(lacking={url: not_loaded(url, version)})
        if "concept" not in include:
            self._spend(len(system.concepts) * (1 + len(include.get("filter", ()))))
        members = _listed(include, system, None) if "concept" in include else _filtered(include, system)
        return Content(
            {(url, member.code): member for member in members},
            partial=set() if system.complete or "concept" in include else {url},
            used={_canonical(url, system.version): None},
        )

    def _spend(self, codes: int) -> None:
        self._looked_at += codes
        if self._looked_at > MOST_LOOKED_AT:
            raise too_costly(
                f"More than {MOST_LOOKED_AT} codes would have to be looked at for this value set."
            )


def _add(content: Content, part: Content) -> None:
    for key, member in part.members.items():
        content.members.setdefault(key, member)
    content.lacking.update(part.lacking)
    content.partial |= part.partial
    content.used.update(part.used)


def _subtract(content: Content, part: Content) -> None:
    for key in part.members:
        content.members.pop(key, None)
    content.lacking.update(part.lacking)
    content.used.update(part.used)


def _listed(include: Json, system: CodeSystem | None, version: str | None) -> Iterator[Member]:
    """The concepts that are named one by one; those that a system known whole does not have are none."""
    for one in include["concept"]:
        concept = None if system is None else system.find(str(one["code"]))
        if concept is None and system is not None and system.complete:
            continue
        found = concept or Concept(str(one["code"]))
        yield _member(
            str(include["system"]), found, system.version if system else version, one.get("display"), one
        )


def _filtered(include: Json, system: CodeSystem) -> Iterator[Member]:
    passes = all_of([filter_of(one, system) for one in include.get("filter", ())])
    for concept in system.concepts.values():
        if passes(concept):
            yield _member(str(include["system"]), concept, system.version, None, {})


def _member(system: str, concept: Concept, version: str | None, display: str | None, said: Json) -> Member:
    return Member(
        system,
        concept.code,
        display or concept.display,
        (*said.get("designation", ()), *concept.designations),
        version,
        concept.abstract,
        concept.inactive,
    )


def _expanded(value_set: Json) -> Content:
    """A value set that has no composition is what its stored expansion says."""
    expansion = value_set.get("expansion")
    if not isinstance(expansion, Mapping):
        return Content()
    content, ahead = Content(), list(reversed(expansion.get("contains", ())))
    while ahead:
        one = ahead.pop()
        ahead += reversed(one.get("contains", ()))
        if "code" in one:
            key = str(one.get("system", "")), str(one["code"])
            content.members[key] = Member(
                *key,
                one.get("display"),
                one.get("designation", ()),
                one.get("version"),
                one.get("abstract", False),
                one.get("inactive", False),
            )
    return content


def not_loaded(system: str, version: str | None = None) -> Issue:
    """That the codes of a system are not known here."""
    told = (
        f"The code system {_canonical(system, version)[:200]} is not loaded here: its codes cannot be told."
    )
    return Issue("not-supported", told)


def _canonical(url: Any, version: Any) -> str:
    return f"{url}|{version}" if version else str(url)
