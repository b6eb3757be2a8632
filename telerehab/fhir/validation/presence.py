"""Most invariants ask which elements are there: that is answered from an object's members, without evaluating anything.

A quick answer is True, False, or None where the members alone do not tell; FHIRPath's logic with empty results and the
logic of answers not known yet are the same, so what is put together from quick answers is right whenever it is known.

https://hl7.org/fhirpath/N1/#boolean-logic
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telerehab.fhir.fhirpath import syntax
from telerehab.fhir.fhirpath.element_types import is_primitive, members

Quick = Callable[[dict[str, Any]], bool | None]

_IF_ABSENT = {
    "exists": False,
    "empty": True,
    "hasValue": False,
    "all": True,
    "isDistinct": True,
    "allTrue": True,
}


def quick_answer(tree: syntax.Expression, type_: str) -> Quick | None:
    """What the members of an object of `type_` tell about a condition; None if they never tell anything."""
    match tree:
        case syntax.Binary("and" | "or" | "implies" | "xor" | "=" | "!=" as symbol, left, right):
            return _combined(symbol, tree, quick_answer(left, type_), quick_answer(right, type_), type_)
        case syntax.Binary("<=" | ">=" as symbol, left, right):
            return _ordered(symbol, left, right, type_)
        case syntax.Call(of, "not", ()) if of is not None:
            return _negated(quick_answer(of, type_))
        case syntax.Call(of, name, arguments) if of is not None and name in _IF_ABSENT:
            return _about_a_path(of, name, bool(arguments), type_)
    return None


def _combined(
    symbol: str, tree: syntax.Binary, left: Quick | None, right: Quick | None, type_: str
) -> Quick | None:
    if symbol in ("=", "!="):
        return _compared(symbol, left, right) if left and right else _literal(symbol, tree, type_)
    if left is None and right is None:
        return None
    one, other = left or _open, right or _open
    if symbol == "and":
        return _and(one, other)
    if symbol == "or":
        return _or(one, other)
    return _implies(one, other) if symbol == "implies" else _compared("!=", one, other)


def _open(value: dict[str, Any]) -> bool | None:
    return None


def _and(left: Quick, right: Quick) -> Quick:
    def answer(value: dict[str, Any]) -> bool | None:
        one = left(value)
        if one is False:
            return False
        other = right(value)
        return False if other is False else True if one and other else None

    return answer


def _or(left: Quick, right: Quick) -> Quick:
    def answer(value: dict[str, Any]) -> bool | None:
        one = left(value)
        if one is True:
            return True
        other = right(value)
        return True if other else False if one is False and other is False else None

    return answer


def _implies(left: Quick, right: Quick) -> Quick:
    return _or(_not(left), right)


def _not(of: Quick) -> Quick:
    def answer(value: dict[str, Any]) -> bool | None:
        found = of(value)
        return None if found is None else not found

    return answer


def _negated(of: Quick | None) -> Quick | None:
    return None if of is None else _not(of)


def _compared(symbol: str, left: Quick, right: Quick) -> Quick:
    def answer(value: dict[str, Any]) -> bool | None:
        one, other = left(value), right(value)
        return None if one is None or other is None else (one == other) is (symbol == "=")

    return answer


def _literal(symbol: str, tree: syntax.Binary, type_: str) -> Quick | None:
    """An element that does not repeat beside a string; open where it is absent."""
    if not isinstance(tree.right, syntax.Literal) or type(tree.right.value) is not str:
        return None
    name, literal = _own_member(tree.left, type_), tree.right.value
    found = members(type_, name) if name else ()
    if len(found) != 1 or not is_primitive(found[0].type):
        return None
    key, equal = found[0].key, symbol == "="

    def answer(value: dict[str, Any]) -> bool | None:
        held = value.get(key)
        return (held == literal) is equal if type(held) is str else None

    return answer


def _ordered(symbol: str, left: syntax.Expression, right: syntax.Expression, type_: str) -> Quick | None:
    """Two times of the object that are written alike; open for any others."""
    names = _own_member(left, type_), _own_member(right, type_)
    found = [member for name in names if name for member in members(type_, name)]
    if len(found) != 2 or any(member.type not in ("dateTime", "date", "instant") for member in found):
        return None
    first, second = (found[0].key, found[1].key) if symbol == "<=" else (found[1].key, found[0].key)

    def answer(value: dict[str, Any]) -> bool | None:
        one, other = value.get(first), value.get(second)
        if type(one) is not str or type(other) is not str or len(one) != len(other):
            return None
        if len(one) > _DATE and _zone(one) != _zone(other):
            return None
        return one <= other

    return answer


_DATE = len("2024-02-29")


def _zone(time: str) -> str:
    return "Z" if time[-1] == "Z" else time[-6:]


def _about_a_path(of: syntax.Expression, name: str, asks_more: bool, type_: str) -> Quick | None:
    """`a.b.exists()`: known where `a` is absent, and where nothing but `a` is asked for."""
    first = _first_member(of, type_)
    keys = _keys(type_, first) if first else frozenset()
    if not keys:
        return None
    absent = _IF_ABSENT[name]
    alone = not asks_more and _own_member(of, type_) is not None
    if alone and name == "hasValue":
        return _has_value(type_, first or "")
    present = not absent if alone and name in ("exists", "empty") else None
    if len(keys) == 1:
        (key,) = keys
        return lambda value: present if key in value else absent
    return lambda value: absent if keys.isdisjoint(value) else present


def _has_value(type_: str, name: str) -> Quick | None:
    found = members(type_, name)
    if len(found) != 1 or not is_primitive(found[0].type):
        return None
    key = found[0].key

    def answer(value: dict[str, Any]) -> bool | None:
        held = value.get(key)
        return None if type(held) is list else held is not None

    return answer


def _own_member(tree: syntax.Expression | None, type_: str) -> str | None:
    """The name, if the tree is nothing but an element of the object itself."""
    match tree:
        case syntax.Member(None, name) if name != type_ and name[0] != "$":
            return name
        case syntax.Member(syntax.Member(None, root), name) if root == type_:
            return name
    return None


def _first_member(tree: syntax.Expression | None, type_: str) -> str | None:
    """The element of the object itself that a path starts with, if it selects nothing without it."""
    match tree:
        case syntax.Member(of, _) if _own_member(tree, type_) is None and of is not None:
            return _first_member(of, type_)
        case syntax.Call(of, "where" | "select" | "first" | "tail" | "trace" | "as" | "ofType", _) if (
            of is not None
        ):
            return _first_member(of, type_)
    return _own_member(tree, type_)


def _keys(type_: str, name: str) -> frozenset[str]:
    found = members(type_, name)
    companions = {"_" + member.key for member in found if is_primitive(member.type)}
    return frozenset({member.key for member in found} | companions)
