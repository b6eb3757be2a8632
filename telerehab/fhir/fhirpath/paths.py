"""Typed paths: the part of FHIRPath that selects elements, resolved against the definitions, as closures.

https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.expression
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from telerehab.fhir.fhirpath import syntax
from telerehab.fhir.fhirpath.element_types import members
from telerehab.fhir.fhirpath.lexer import FhirPathError

Sink: TypeAlias = Callable[[Any, Any], None]  # (element, where its results go)
Condition: TypeAlias = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """Into the member `key`, item by item; only the item `at` if given."""

    key: str
    at: int | None = None

    def before(self, then: Sink) -> Sink:
        key, enter = self.key, self.enter(then)

        def step(element: Any, out: Any) -> None:
            value = element.get(key)
            if value is not None:
                enter(value, out)

        return step

    def enter(self, then: Sink) -> Sink:
        """The step on the member's value itself."""
        at = self.at

        def one(value: Any, out: Any) -> None:
            for item in (value if type(value) is list else [value])[at : (at or 0) + 1]:
                then(item, out)

        def each(value: Any, out: Any) -> None:
            if type(value) is list:
                for item in value:
                    if item is not None:
                        then(item, out)
            else:
                then(value, out)

        return each if at is None else one


@dataclass(frozen=True, slots=True)
class Where:
    """Only elements that meet the condition; `refers_to` where it is `resolve() is ...`."""

    condition: Condition
    refers_to: str | None = None

    def before(self, then: Sink) -> Sink:
        condition = self.condition

        def step(element: Any, out: Any) -> None:
            if condition(element):
                then(element, out)

        return step


@dataclass(frozen=True, slots=True)
class Holds:
    """Replaces the element by whether it meets the condition."""

    condition: Condition

    def before(self, then: Sink) -> Sink:
        condition = self.condition
        return lambda element, out: then(condition(element), out)


Step: TypeAlias = Field | Where | Holds


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from a resource (or element) to elements of one type; `type` and `value_set` as in `Member`."""

    steps: tuple[Step, ...]
    type: str
    value_set: str | None = None

    def into(self, sink: Sink) -> Sink:
        """A closure that feeds `sink` with each element the path selects."""
        for step in reversed(self.steps):
            sink = step.before(sink)
        return sink


def paths(expression: syntax.Expression, type_: str) -> list[Path]:
    """The paths an expression means on elements of `type_`; parts about other types are left out.

    Raises `FhirPathError` for what has no typed path.
    """
    match expression:
        case syntax.Member(None, name):
            return _root(name, type_)
        case syntax.Member(of, name):
            return [inner for path in paths(_some(of), type_) for inner in _step(path, name)]
        case syntax.Index(of, syntax.Literal(int(at))):
            return [_item(path, at) for path in paths(of, type_)]
        case syntax.TypeTest("as", of, name):
            return [path for path in paths(of, type_) if _same(path.type, name)]
        case syntax.Call(of, "as" | "ofType", (syntax.Member(None, name),)) if of is not None:
            return [path for path in paths(of, type_) if _same(path.type, name)]
        case syntax.Binary("|", left, right):
            return list(dict.fromkeys(paths(left, type_) + paths(right, type_)))
        case syntax.Call(
            of, "where", (syntax.TypeTest("is", syntax.Call(None, "resolve", ()), name) as criterion,)
        ) if of is not None:
            only = Where(condition(criterion, "Reference"), name)
            return [replace(path, steps=(*path.steps, only)) for path in paths(of, type_)]
        case syntax.Call(of, "where", (criterion,)) if of is not None:
            return [_where(path, condition(criterion, path.type)) for path in paths(of, type_)]
        case syntax.Call(of, "extension", (syntax.Literal(str(url)),)) if of is not None:
            having = [inner for path in paths(of, type_) for inner in _step(path, "extension")]
            return [_where(path, lambda extension: extension.get("url") == url) for path in having]
        case syntax.Binary() | syntax.Call() | syntax.TypeTest():
            return [Path((Holds(condition(expression, type_)),), "boolean")]
    raise FhirPathError(f"no path for {expression}")


def condition(expression: syntax.Expression, type_: str) -> Condition:
    """A yes-or-no expression on elements of `type_`; empty counts as no. Raises `FhirPathError`."""
    match expression:
        case syntax.TypeTest("is", syntax.Call(None, "resolve", ()), name):
            return lambda reference: referred_type(reference) == name
        case syntax.Binary("and", left, right):
            first, second = condition(left, type_), condition(right, type_)
            return lambda element: first(element) and second(element)
        case syntax.Binary("or", left, right):
            first, second = condition(left, type_), condition(right, type_)
            return lambda element: first(element) or second(element)
        case syntax.Binary("=", left, syntax.Literal(literal)):
            select = selector(paths(left, type_))
            return lambda element: select(element) == [literal]
        case syntax.Binary("!=", left, syntax.Literal(literal)):
            select = selector(paths(left, type_))
            return lambda element: (found := select(element)) != [] and found != [literal]
        case syntax.Call(of, "exists", ()) if of is not None:
            select = selector(paths(of, type_))
            return lambda element: bool(select(element))
    raise FhirPathError(f"no condition for {expression}")


def selector(of: Sequence[Path]) -> Callable[[Any], list[Any]]:
    """A function from an element to all that the paths select from it."""
    walks = [path.into(lambda found, out: out.append(found)) for path in of]

    def select(element: Any) -> list[Any]:
        found: list[Any] = []
        for walk in walks:
            walk(element, found)
        return found

    return select


def referred_type(reference: Any) -> str | None:
    """The resource type that a Reference says it points to, by its text or its `type`."""
    if not isinstance(reference, dict):
        return None
    parts = str(reference.get("reference", "")).partition("/_history/")[0].split("/")
    if len(parts) >= 2 and parts[-2][:1].isupper():
        return parts[-2]
    named = reference.get("type")
    return named if isinstance(named, str) else None


def _root(name: str, type_: str) -> list[Path]:
    if name == "$this":
        return [Path((), type_)]
    if name[0].isupper():
        return [Path((), type_)] if name in (type_, "Resource", "DomainResource") else []
    return _step(Path((), type_), name)


def _step(path: Path, name: str) -> list[Path]:
    return [
        Path((*path.steps, Field(member.key)), member.type, member.value_set)
        for member in members(path.type, name)
    ]


def _item(path: Path, at: int) -> Path:
    match path.steps:
        case (*before, Field(key, None)):
            return replace(path, steps=(*before, Field(key, at)))
    raise FhirPathError("an index follows a name")


def _where(path: Path, holds: Condition) -> Path:
    return replace(path, steps=(*path.steps, Where(holds)))


def _some(of: syntax.Expression | None) -> syntax.Expression:
    if of is None:
        raise FhirPathError("a path starts with a name")
    return of


def _same(type_: str, name: str) -> bool:
    return type_.lower() == name.rpartition(".")[2].lower()
