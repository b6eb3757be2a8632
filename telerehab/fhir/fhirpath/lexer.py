"""Tokens of FHIRPath.

https://hl7.org/fhirpath/N1/#lexical-elements
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class FhirPathError(ValueError):
    """The expression is not FHIRPath, or uses what is not supported here."""


class Token(NamedTuple):
    """`kind` is name, string, number, temporal, variable, symbol or end; `at` its offset."""

    kind: str
    text: str
    at: int


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<temporal>@(?:T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?
        |\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?))
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<variable>%(?:[A-Za-z_][\w-]*|`[^`]*`|'[^']*'))
    |(?P<name>[A-Za-z_]\w*|`(?:[^`\\]|\\.)*`|\$\w+)
    |(?P<symbol><=|>=|!=|!~|[|.,()\[\]{}+\-*/=~<>&])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def tokens(expression: str) -> Iterator[Token]:
    """The tokens of `expression`, an `end` last; names and strings unquoted. Raises `FhirPathError`."""
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise FhirPathError(f"unexpected '{expression[at]}' at {at} in {expression}")
        if match.lastgroup != "space":
            yield Token(match.lastgroup, _text(match.lastgroup, match[0]), at)
        at = match.end()
    yield Token("end", "", at)


def _text(kind: str, text: str) -> str:
    if kind == "string" or text[0] == "`":
        return _ESCAPE.sub(_unescape, text[1:-1])
    return text[1:].strip("`'") if kind == "variable" else text


def _unescape(match: re.Match[str]) -> str:
    mark = match[1]
    return chr(int(mark[1:], 16)) if len(mark) > 1 else _NAMED.get(mark, mark)
