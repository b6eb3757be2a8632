"""From the syntax tree to closures, once per expression.

https://hl7.org/fhirpath/N1/#expressions
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from telerehab.fhir.definitions import structure
from telerehab.fhir.fhirpath import syntax, temporal
from telerehab.fhir.fhirpath.functions import FUNCTIONS
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.navigation import is_of_type, step
from telerehab.fhir.fhirpath.operators import equals_text, negative, operator
from telerehab.fhir.fhirpath.parser import parse
from telerehab.fhir.fhirpath.scope import Scope, Step
from telerehab.fhir.fhirpath.single import whole
from telerehab.fhir.fhirpath.values import Collection, Node, calendar_quantity, is_a

_SYSTEM_TYPES = frozenset({"Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"})
_BY_TYPE = frozenset({"is", "as", "ofType"})


@lru_cache(maxsize=4096)
def compiled(expression: str) -> Step:
    """The closure of an expression; raises FhirPathError for what is no FHIRPath or uses what is not known."""
    return _compile(parse(expression))


def _compile(tree: syntax.Expression) -> Step:
    match tree:
        case syntax.Literal(value):
            items = [] if value is None else [value]
            return lambda scope: items
        case syntax.Temporal(text):
            return _temporal(text)
        case syntax.Quantity(number, unit):
            quantity = [calendar_quantity(Decimal(number), unit)]
            return lambda scope: quantity
        case syntax.Variable(name):
            return lambda scope: scope.environment.variable(name)
        case syntax.Member(None, name):
            return _first(name)
        case syntax.Member(of, name) if of is not None:
            return _kept(tree, _member(of, name))
        case syntax.Index(of, at):
            return _item(_compile(of), _compile(at))
        case syntax.Unary(symbol, of):
            inner = _compile(of)
            return (lambda scope: negative(inner(scope))) if symbol == "-" else inner
        case syntax.TypeTest(symbol, of, type_):
            return _by_type(symbol, _compile(of), type_)
        case syntax.Binary("=", left, syntax.Literal(str(literal))):
            return equals_text(_compile(left), literal)
        case syntax.Binary(symbol, left, right):
            return operator(symbol, _compile(left), _compile(right))
        case syntax.Call():
            return _kept(tree, _call(tree))
    raise FhirPathError(f"no meaning for {tree}")


def _temporal(text: str) -> Step:
    kind = temporal.time if text[0] == "T" else temporal.date_time if "T" in text else temporal.date
    value = kind(text)
    if value is None:
        raise FhirPathError(f"@{text} is no date or time")
    items = [value]
    return lambda scope: items


def _first(name: str) -> Step:
    """A name at the beginning: an element of the context, or the type of the context itself."""
    if name == "$this":
        return lambda scope: scope.this
    if name == "$index":
        return lambda scope: [scope.index]
    if name == "$total":
        return lambda scope: scope.total or []
    if not name[:1].isupper():
        return lambda scope: step(scope.this, name)

    def typed(scope: Scope) -> Collection:
        own = [item for item in scope.this if type(item) is Node and is_a(item.type, name)]
        return own or step(scope.this, name)

    return typed


def _member(of: syntax.Expression, name: str) -> Step:
    inner = _compile(of)
    return lambda scope: step(inner(scope), name)


def _item(of: Step, at: Step) -> Step:
    def item(scope: Scope) -> Collection:
        index = whole(at(scope))
        return [] if index is None or index < 0 else of(scope)[index : index + 1]

    return item


def _call(call: syntax.Call) -> Step:
    focus = (lambda scope: scope.this) if call.of is None else _compile(call.of)
    if call.name in _BY_TYPE and len(call.arguments) == 1:
        return _by_type(call.name, focus, _type_name(call.arguments[0]))
    known = FUNCTIONS.get(call.name)
    if known is None:
        raise FhirPathError(f"there is no function {call.name}()")
    if not known.fewest <= len(call.arguments) <= known.most:
        raise FhirPathError(f"{call.name}() takes another number of arguments")
    return known.bound(focus, tuple(_compile(argument) for argument in call.arguments))


def _type_name(tree: syntax.Expression) -> str:
    match tree:
        case syntax.Member(None, name):
            return name
        case syntax.Member(syntax.Member(None, namespace), name):
            return f"{namespace}.{name}"
    raise FhirPathError("a type was expected")


def _by_type(symbol: str, of: Step, type_: str) -> Step:
    type_ = type_.replace("`", "")
    _require_known(type_)
    if symbol == "is":
        return lambda scope: _is(of(scope), type_)
    return lambda scope: [item for item in of(scope) if is_of_type(item, type_, exactly=True)]


def _is(items: Collection, type_: str) -> Collection:
    if len(items) > 1:
        raise FhirPathError("only a single item is of a type")
    return [is_of_type(item, type_) for item in items]


def _require_known(type_: str) -> None:
    namespace, _, name = type_.rpartition(".")
    if namespace == "System" or (not namespace and name in _SYSTEM_TYPES):
        return
    if namespace in ("", "FHIR"):
        try:
            structure(name)
        except KeyError:
            pass
        else:
            return
    raise FhirPathError(f"there is no type {type_}")


def _kept(tree: syntax.Expression, compute: Step) -> Step:
    """A path from a variable is the same for every item: it is followed once per evaluation."""
    if not _is_fixed(tree):
        return compute

    def fixed(scope: Scope) -> Collection:
        memo = scope.environment.memo
        if compute not in memo:
            memo[compute] = compute(scope)
        return memo[compute]

    return fixed


def _is_fixed(tree: syntax.Expression | None) -> bool:
    match tree:
        case syntax.Variable():
            return True
        case syntax.Member(of, _):
            return _is_fixed(of)
        case syntax.Call(of, _, ()):
            return _is_fixed(of)
    return False
