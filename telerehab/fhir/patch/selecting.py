"""Selecting places by FHIRPath: names, indexes, `where`, `first`, `last`, `single`, `extension`, `ofType` and `as`.

A criterion of `where` may use `=`, `!=`, `and`, `or`, `not()`, `exists()` and `empty()`, and literals; `resolve()`
and everything else is refused. A patch needs no more: its paths end at elements of the resource itself.
https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from telerehab.fhir.fhirpath import syntax
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.parser import parse
from telerehab.fhir.patch.places import Place
from telerehab.fhir.patch.values import same

MAX_LENGTH = 1000
"""Characters of a path."""


def parsed(path: str) -> syntax.Expression:
    """The tree of a client's path; raises FhirPathError."""
    if len(path) > MAX_LENGTH:
        raise FhirPathError(f"a path has {MAX_LENGTH} characters at most")
    try:
        return parse.__wrapped__(path)  # not kept: what clients send has no end
    except RecursionError:
        raise FhirPathError("it is nested too deep") from None


def select(expression: syntax.Expression, start: Place) -> list[Place]:
    """The places an expression means from `start` on; raises FhirPathError for what is not supported."""
    match expression:
        case syntax.Member(None, name) | syntax.Variable(name):
            return _first_step(name, start)
        case syntax.Member(of, name) if of is not None:
            return [child for place in select(of, start) for child in place.children(name)]
        case syntax.Index(of, syntax.Literal(int(at))) if not isinstance(at, bool):
            return select(of, start)[at : at + 1]
        case syntax.Call(of, name, arguments) if of is not None:
            return _called(select(of, start), name, arguments)
        case syntax.TypeTest("as", of, type_):
            return _of_type(select(of, start), type_)
    raise FhirPathError("a patch has no such path")


def _first_step(name: str, start: Place) -> list[Place]:
    if name in ("$this", "resource", "context", "rootResource") or name == start.type:
        return [start]
    if name[0].isupper():
        return [start] if name in ("Resource", "DomainResource") else []
    return start.children(name)


def _called(of: list[Place], name: str, arguments: tuple[syntax.Expression, ...]) -> list[Place]:
    match name, arguments:
        case "first", ():
            return of[:1]
        case "last", ():
            return of[-1:]
        case "single", ():
            if len(of) > 1:
                raise FhirPathError("single() finds several")
            return of
        case "where", (criterion,):
            return [place for place in of if _holds(criterion, place)]
        case "extension", (syntax.Literal(str(url)),):
            having = [child for place in of for child in place.children("extension")]
            return [
                place for place in having if isinstance(place.value, dict) and place.value.get("url") == url
            ]
        case "ofType" | "as", (syntax.Member(_, type_),):
            return _of_type(of, type_)
    raise FhirPathError(f"a patch has no path with {name[:40]}()")


def _of_type(of: list[Place], type_: str) -> list[Place]:
    wanted = type_.rpartition(".")[2]
    return [place for place in of if place.type in (wanted, wanted[:1].lower() + wanted[1:])]


def _holds(criterion: syntax.Expression, place: Place) -> bool:
    match criterion:
        case syntax.Literal(bool(value)):
            return value
        case syntax.Binary("and", left, right):
            return _holds(left, place) and _holds(right, place)
        case syntax.Binary("or", left, right):
            return _holds(left, place) or _holds(right, place)
        case syntax.Binary("=", left, syntax.Literal(literal)):
            return _is(select(left, place), literal)
        case syntax.Binary("!=", left, syntax.Literal(literal)):
            found = select(left, place)
            return bool(found) and not _is(found, literal)
        case syntax.Call(of, "not", ()) if of is not None:
            return not _holds(of, place)
        case syntax.Call(of, "exists", ()) if of is not None:
            return bool(select(of, place))
        case syntax.Call(of, "exists", (inner,)) if of is not None:
            return any(_holds(inner, found) for found in select(of, place))
        case syntax.Call(of, "empty", ()) if of is not None:
            return not select(of, place)
        case syntax.Member():
            return _is(select(criterion, place), True)
    raise FhirPathError("a patch has no such criterion")


def _is(found: list[Place], literal: object) -> bool:
    return len(found) == 1 and same(found[0].value, literal)
