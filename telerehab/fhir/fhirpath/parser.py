"""FHIRPath text to its syntax tree, by precedence climbing.

https://hl7.org/fhirpath/N1/#operator-precedence
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from telerehab.fhir.fhirpath.lexer import FhirPathError, Token, tokens
from telerehab.fhir.fhirpath.syntax import (
    Binary,
    Call,
    Expression,
    Index,
    Literal,
    Member,
    Quantity,
    Temporal,
    TypeTest,
    Unary,
    Variable,
)

_PRECEDENCE = {
    operator: level
    for level, operators in enumerate(
        (
            ("implies",),
            ("or", "xor"),
            ("and",),
            ("in", "contains"),
            ("=", "~", "!=", "!~"),
            ("<", "<=", ">", ">="),
            ("|",),
            ("is", "as"),
            ("+", "-", "&"),
            ("*", "/", "div", "mod"),
        )
    )
    for operator in operators
}
_CALENDAR_UNITS = frozenset(
    f"{unit}{plural}"
    for unit in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for plural in ("", "s")
)


MAX_EXPRESSION = 20_000
MAX_DIGITS = 60


@lru_cache(maxsize=4096)
def parse(expression: str) -> Expression:
    """The tree of one expression. Raises `FhirPathError` with the place."""
    if len(expression) > MAX_EXPRESSION:
        raise FhirPathError("the expression is too long")
    parser = _Parser(expression)
    try:
        tree = parser.expression(0)
    except RecursionError:
        raise FhirPathError("the expression is nested too deep") from None
    parser.take("end", "")
    return tree


class _Parser:
    def __init__(self, expression: str) -> None:
        self._source = expression
        self._tokens = list(tokens(expression))
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _advance(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _is(self, symbol: str) -> bool:
        return self._next.kind == "symbol" and self._next.text == symbol

    def take(self, kind: str, text: str | None = None) -> str:
        token = self._next
        if token.kind != kind or (text is not None and token.text != text):
            wanted = text or kind
            raise FhirPathError(f"expected {wanted} at {token.at} in {self._source}")
        self._at += 1
        return token.text

    def expression(self, lowest: int) -> Expression:
        left = self._unary()
        while (
            self._next.kind in ("symbol", "name")
            and (level := _PRECEDENCE.get(self._next.text, -1)) >= lowest
        ):
            operator = self._advance().text
            if operator in ("is", "as"):
                left = TypeTest(operator, left, self._type())
            else:
                left = Binary(operator, left, self.expression(level + 1))
        return left

    def _unary(self) -> Expression:
        if self._is("-") or self._is("+"):
            return Unary(self._advance().text, self._unary())
        return self._postfix()

    def _postfix(self) -> Expression:
        tree = self._term()
        while True:
            if self._is("."):
                self._advance()
                tree = self._invocation(tree)
            elif self._is("["):
                self._advance()
                tree = Index(tree, self.expression(0))
                self.take("symbol", "]")
            else:
                return tree

    def _term(self) -> Expression:
        token = self._next
        if token.kind == "name":
            return self._name()
        self._advance()
        if token.kind == "string":
            return Literal(token.text)
        if token.kind == "number":
            return self._number(token.text)
        if token.kind == "temporal":
            return Temporal(token.text[1:])
        if token.kind == "variable":
            return Variable(token.text)
        if token.text == "(":
            inner = self.expression(0)
            self.take("symbol", ")")
            return inner
        if token.text == "{":
            self.take("symbol", "}")
            return Literal(None)
        raise FhirPathError(f"unexpected '{token.text}' at {token.at} in {self._source}")

    def _name(self) -> Expression:
        if self._next.text in ("true", "false"):
            return Literal(self._advance().text == "true")
        return self._invocation(None)

    def _number(self, text: str) -> Expression:
        if len(text) > MAX_DIGITS:
            raise FhirPathError(f"a number has at most {MAX_DIGITS} digits")
        value = Decimal(text) if "." in text else int(text)
        if self._next.kind == "string" or self._next.text in _CALENDAR_UNITS:
            return Quantity(value, self._advance().text)
        return Literal(value)

    def _invocation(self, of: Expression | None) -> Expression:
        name = self.take("name")
        if not self._is("("):
            return Member(of, name)
        self._advance()
        arguments: list[Expression] = []
        while not self._is(")"):
            arguments.append(self.expression(0))
            if not self._is(")"):
                self.take("symbol", ",")
        self._advance()
        return Call(of, name, tuple(arguments))

    def _type(self) -> str:
        name = self.take("name")
        if self._is("."):
            self._advance()
            name += "." + self.take("name")
        return name
