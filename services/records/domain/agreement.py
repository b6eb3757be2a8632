"""How far two names, dates or numbers of people agree: the same, nearly (a typo, a swap), or not.

https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from telerehab.fhir.search.types.string import fold

_LONG = 8  # from this length on two typos still are the same name
_LONGEST = 64  # no name has a longer word: what has is only the same or not
_PHONE_DIGITS = 9  # the last ones: country and trunk prefixes are written or left out


class Level(IntEnum):
    """How far two values agree; `UNKNOWN` where one of them is lacking."""

    UNKNOWN = 0
    DIFFERENT = 1
    PARTIAL = 2
    NEAR = 3
    SAME = 4


def best(levels: Iterable[Level]) -> Level:
    return max(levels, default=Level.UNKNOWN)


@lru_cache(maxsize=4096)
def parts(name: str) -> tuple[str, ...]:
    """The words of a name, folded: "Müller-Lüdenscheidt" has two."""
    return tuple(re.findall(r"\w+", fold(name)))


def word_level(one: str, other: str) -> Level:
    """How far two words agree: same, a typo apart, an initial of the other, or different."""
    if one == other:
        return Level.SAME
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) == 1:
        return Level.PARTIAL if longer.startswith(shorter) else Level.DIFFERENT
    if len(shorter) < 3:
        return Level.DIFFERENT
    allowed = 2 if len(shorter) >= _LONG else 1
    return Level.NEAR if distance(one, other) <= allowed else Level.DIFFERENT


def family_level(one: str, other: str) -> Level:
    """How far two family names agree; one part of a double name that agrees is nearly the same."""
    left, right = parts(one), parts(other)
    if not left or not right:
        return Level.UNKNOWN
    if left == right or "".join(left) == "".join(right):
        return Level.SAME
    if word_level("".join(left), "".join(right)) is Level.NEAR:
        return Level.NEAR
    shared = set(left) & set(right)
    return Level.NEAR if any(len(word) >= 3 for word in shared) else Level.DIFFERENT


def given_level(one: Sequence[str], other: Sequence[str]) -> Level:
    """How far two lists of given names agree: by the first ones, or nearly by a second that is the other's first."""
    left = [word for name in one for word in parts(name)]
    right = [word for name in other for word in parts(name)]
    if not left or not right:
        return Level.UNKNOWN
    first = word_level(left[0], right[0])
    if first is not Level.DIFFERENT:
        return first
    calling = left[0] in right[1:] or right[0] in left[1:]
    return Level.NEAR if calling else Level.DIFFERENT


def date_level(one: str, other: str) -> Level:
    """How far two FHIR dates agree; one that says less agrees in part with all that it leaves open."""
    if one == other:
        return Level.SAME if len(one) == 10 else Level.PARTIAL
    if len(one) < 10 or len(other) < 10:
        shorter, longer = sorted((one, other), key=len)
        return Level.PARTIAL if longer.startswith(shorter) else Level.DIFFERENT
    left, right = one.split("-"), other.split("-")
    if left[0] == right[0] and left[1:] == right[:0:-1]:
        return Level.NEAR  # day and month swapped
    digits = one.replace("-", ""), other.replace("-", "")
    return Level.NEAR if distance(*digits) == 1 else Level.DIFFERENT


def contact_key(contact: Any) -> str:
    """A phone number or e-mail address as its kinds compare; empty for one that says too little."""
    value = str(contact.get("value", ""))
    if contact.get("system") == "email" or "@" in value:
        return fold(value)
    digits = re.sub(r"\D", "", value)
    return digits[-_PHONE_DIGITS:] if len(digits) >= 6 else ""


def distance(one: str, other: str) -> int:
    """Edits between two words: a letter more, less, other, or two neighbours swapped; 3 stands for more than 2."""
    if abs(len(one) - len(other)) > 2 or len(one) > _LONGEST:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        before, above, row = row, before, [place]
        for column, mark in enumerate(other, 1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != mark))
            if place > 1 and column > 1 and letter == other[column - 2] and one[place - 2] == mark:
                cost = min(cost, above[column - 2] + 1)
            row.append(cost)
    return min(row[-1], 3)


def date_typos(date: str) -> list[str]:
    """A full date and those that its usual typos make of it: day and month swapped, two neighbouring digits swapped."""
    if len(date) != 10:
        return [date]
    year, month, day = date.split("-")
    digits = year + month + day
    swapped = (
        digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        for place, (one, other) in enumerate(pairwise(digits))
        if one != other
    )
    variants = [f"{year}{day}{month}", *swapped]
    written = (f"{one[:4]}-{one[4:6]}-{one[6:]}" for one in variants)
    return list(dict.fromkeys([date, *(one for one in written if _is_date(one))]))


def _is_date(text: str) -> bool:
    year, month, day = (int(part) for part in text.split("-"))
    return 1850 <= year <= 2150 and 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]


_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Of each month; 29 February has no neighbour that is worth a wrong year."""
