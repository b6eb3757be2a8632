r"""Regular expressions that cannot run away: what could backtrack without end is refused before it is tried.

A repetition inside a repetition is allowed where nothing follows it, as in `[a-z](\.[a-z]+)*`: it cannot fail once
it is reached. Repetitions one after the other multiply; so the text may be the shorter, the more there are.

https://hl7.org/fhirpath/N1/#matchesregex-string-boolean
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from re import _constants as names  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from telerehab.fhir.fhirpath.lexer import FhirPathError

MAX_PATTERN = 1000
MAX_TRIES = 10_000_000
_FEW = 16
_REPEATS = (names.MAX_REPEAT, names.MIN_REPEAT)


def pattern(regex: str, text: str) -> re.Pattern[str]:
    """The compiled expression, `.` matching all; FhirPathError if it is none or may take too long on `text`."""
    compiled, repetitions = _compiled(regex)
    if (len(text) + 1) ** repetitions > MAX_TRIES:
        raise FhirPathError("the regular expression may take too long on this text")
    return compiled


@lru_cache(maxsize=256)
def _compiled(regex: str) -> tuple[re.Pattern[str], int]:
    if len(regex) > MAX_PATTERN:
        raise FhirPathError("the regular expression is too long")
    try:
        compiled, parsed = re.compile(regex, re.DOTALL), list(parser.parse(regex))
    except (re.error, RecursionError, OverflowError) as error:
        raise FhirPathError("that is no regular expression") from error
    anchored = bool(parsed) and parsed[0] == (names.AT, names.AT_BEGINNING)
    return compiled, _repetitions(parsed, last=True) + (not anchored)


def _repetitions(items: Sequence[Any], *, last: bool) -> int:
    """How many repetitions may have to be tried in all combinations; `last`: nothing follows that could fail."""
    count = 0
    for at, (kind, argument) in enumerate(items):
        final = last and at == len(items) - 1
        if kind in _REPEATS and argument[1] is not names.MAXREPEAT and argument[1] <= 1:
            count += _repetitions(list(argument[2]), last=final)
        elif kind in _REPEATS:
            inner = _repetitions(list(argument[2]), last=final)
            if inner and not final:
                raise FhirPathError("the regular expression repeats a repetition")
            many = argument[1] is names.MAXREPEAT or argument[1] > _FEW
            count += 1 if many and not final else 0
            count += _variable(argument) if inner == 0 and not many and not final else 0
        elif kind is names.SUBPATTERN:
            count += _repetitions(list(argument[3]), last=final)
        elif kind is names.BRANCH:
            count += max(_repetitions(list(branch), last=final) for branch in argument[1])
        elif kind in (names.ASSERT, names.ASSERT_NOT):
            count += _repetitions(list(argument[1]), last=False)
        elif kind in (names.GROUPREF, names.GROUPREF_EXISTS):
            raise FhirPathError("the regular expression refers to its own groups")
    return count


def _variable(argument: Any) -> int:
    return 1 if argument[0] != argument[1] else 0
