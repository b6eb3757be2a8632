"""Search parameters made ready: their paths resolved for one resource type, their hashes at hand.

https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias

from telerehab.fhir.definitions.search_parameters import SearchParameter, search_parameter, search_parameters
from telerehab.fhir.fhirpath.parser import parse
from telerehab.fhir.fhirpath.paths import Path, Where, paths
from telerehab.fhir.search.rows import IndexRows
from telerehab.fhir.search.token_hash import token_hash

Sink: TypeAlias = Callable[[Any, IndexRows], None]  # turns one element into rows


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter of one resource type.

    `key` is what its hashes are made of; `is_component` marks a part of a composite, `key` then holds what the
    parts before it are. `parts` are the parameters that together select the same elements (`combo-code` is `code`
    and `component-code`): the rows are theirs, it has none. Where it `narrows` its one part (`patient` is `subject`
    if that is a Patient), it has the token for presence, and the part here, marked so too, has only that target.
    """

    resource: str
    code: str
    type: str
    key: str
    targets: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    components: tuple[Parameter, ...] = ()
    is_component: bool = False
    parts: tuple[Parameter, ...] = ()
    narrows: bool = False
    hash: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", token_hash(self.key))

    def token(self, kind: str, *parts: str) -> int:
        """The hash of one value in one way of asking for it (`kind`)."""
        return token_hash(self.key, kind, *parts)

    @property
    def indexed(self) -> tuple[Parameter, ...]:
        """The parameters whose rows answer for it: its parts, else itself."""
        return self.parts or (self,)

    @property
    def present(self) -> tuple[int, ...]:
        """The tokens of which one says that there is a value; `:missing` asks for them."""
        if self.is_component:
            return ()
        if self.parts and not self.narrows:
            return tuple(token for part in self.parts for token in part.present)
        return (self.token("present"),)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the meaning of a value depends on besides itself.

    `base` is our own FHIR base URL, `now` the time for `ap`, `aliases` gives all ids of a Patient id's person,
    `depth` tells how many chains the value is at the end of.
    """

    base: str
    now: datetime
    aliases: Callable[[str], Sequence[str]]
    depth: int = 0


@cache
def parameters(resource: str) -> Mapping[str, Parameter]:
    """All search parameters of a resource type, by code."""
    known = {
        code: _parameter(resource, definition) for code, definition in search_parameters(resource).items()
    }
    return MappingProxyType({code: _related(each, known.values()) for code, each in known.items()})


def parameter_hash(resource: str, code: str) -> int:
    """The hash by which the rows of one parameter are kept, those of `subject` where `patient` narrows it.

    KeyError where there is no such parameter, ValueError where its rows are those of several.
    """
    (indexed,) = parameters(resource)[code].indexed
    return indexed.hash


def _related(whole: Parameter, known: Collection[Parameter]) -> Parameter:
    narrowed = _narrowed(whole, known)
    if narrowed:
        return replace(whole, parts=(narrowed,), narrows=True)
    return replace(whole, parts=_parts(whole, known))


def _narrowed(whole: Parameter, known: Iterable[Parameter]) -> Parameter | None:
    ends = [path.steps[-1] if path.steps else None for path in whole.paths]
    targets = {end.refers_to for end in ends if isinstance(end, Where)}
    if whole.type != "reference" or len(targets) != 1 or not all(isinstance(end, Where) for end in ends):
        return None
    wide = {replace(path, steps=path.steps[:-1]) for path in whole.paths}
    target = targets.pop()
    for other in known:
        if target and other.type == "reference" and set(other.paths) == wide:
            return replace(other, code=whole.code, targets=(target,), narrows=True)
    return None


def _parts(whole: Parameter, known: Iterable[Parameter]) -> tuple[Parameter, ...]:
    left = set(whole.paths)
    parts = []
    for other in sorted(known, key=lambda parameter: parameter.code):
        alike = other.type == whole.type and _inner(other) == _inner(whole)
        if alike and other.paths and len(other.paths) < len(whole.paths) and left.issuperset(other.paths):
            parts.append(replace(other, code=whole.code))
            left.difference_update(other.paths)
    return () if left else tuple(parts)


def _inner(parameter: Parameter) -> list[tuple[Path, ...]]:
    return [component.paths for component in parameter.components]


def _parameter(resource: str, definition: SearchParameter) -> Parameter:
    found = paths(parse(definition.expression), resource) if definition.expression else []
    key = f"{resource}.{definition.code}"
    return Parameter(
        resource=resource,
        code=definition.code,
        type=definition.type,
        key=key,
        targets=definition.targets,
        paths=tuple(found),
        components=_components(resource, definition, key, found[0].type) if definition.components else (),
    )


def _components(resource: str, definition: SearchParameter, key: str, of: str) -> tuple[Parameter, ...]:
    found = []
    for component in definition.components:
        means = search_parameter(component.definition)
        inner = () if "%resource" in component.expression else paths(parse(component.expression), of)
        found.append(
            Parameter(
                resource=resource,
                code=means.code,
                type=_component_type(means.type, inner),
                key=key,
                targets=means.targets,
                paths=tuple(inner),
                is_component=True,
            )
        )
    return tuple(found)


def _component_type(named: str, inner: Sequence[Path]) -> str:
    """DocumentReference.relationship names its two components' definitions the wrong way round."""
    kinds = {path.type for path in inner}
    if kinds == {"Reference"}:
        return "reference"
    return "token" if kinds == {"code"} else named
