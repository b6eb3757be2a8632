"""Which items of a Questionnaire are asked, given the answers so far: enableWhen.

https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from telerehab.fhir.fhirpath import FhirPathError, Node
from telerehab.fhir.fhirpath.comparing import equal, order
from telerehab.fhir.json import JsonObject

Answers = Mapping[str, Sequence[JsonObject]]
"""All answers of a response by linkId."""

_HOLDS: Mapping[str, Callable[[int], bool]] = {
    ">": lambda sign: sign > 0,
    "<": lambda sign: sign < 0,
    ">=": lambda sign: sign >= 0,
    "<=": lambda sign: sign <= 0,
}


def answers_of(response: JsonObject) -> Answers:
    """The answers wherever they are nested."""
    found: dict[str, list[JsonObject]] = {}
    for item in _items(response):
        found.setdefault(str(item.get("linkId")), []).extend(item.get("answer", ()))
    return found


def _items(container: JsonObject) -> Iterator[JsonObject]:
    for item in container.get("item", ()):
        yield item
        yield from _items(item)
        for answer in item.get("answer", ()):
            yield from _items(answer)


def is_enabled(item: JsonObject, answers: Answers) -> bool | None:
    """Whether an item of a Questionnaire is asked; None where a condition cannot be judged."""
    conditions = [_holds(condition, answers) for condition in item.get("enableWhen", ())]
    if not conditions:
        return True
    enough = item.get("enableBehavior") == "any"  # one that holds, or else one that does not, decides
    if enough in conditions:
        return enough
    return None if None in conditions else not enough


def _holds(condition: JsonObject, answers: Answers) -> bool | None:
    given = answers.get(str(condition.get("question")), ())
    operator, wanted = condition.get("operator"), value_of(condition, "answer")
    if wanted is None:
        return None
    if operator == "exists":
        return bool(given) is wanted.value
    values = [value for answer in given if (value := value_of(answer, "value")) is not None]
    if operator == "=":
        return any(same(value, wanted) for value in values)
    if operator == "!=":
        return bool(values) and not any(same(value, wanted) for value in values)
    holds = _HOLDS.get(str(operator))
    return None if holds is None else any(_is_ordered(value, wanted, holds) for value in values)


def _is_ordered(value: Node, wanted: Node, holds: Callable[[int], bool]) -> bool:
    try:
        sign = order(value, wanted)
    except FhirPathError:
        return False
    return sign is not None and holds(sign)


def value_of(element: JsonObject, name: str) -> Node | None:
    """The value of a choice (`value`, `answer`) with its type, or None."""
    for member, value in element.items():
        if member.startswith(name) and member != name:
            type_ = member.removeprefix(name)
            return Node(value, type_ if type_ in _COMPLEX else type_[0].lower() + type_[1:])
    return None


_COMPLEX = frozenset({"Attachment", "Coding", "Quantity", "Reference"})


def same(one: Node, other: Node) -> bool:
    """Whether two answers are the same; codings by their system and code."""
    if one.type == other.type == "Coding":
        return _coding(one.value) == _coding(other.value)
    return one.type == other.type and equal([one], [other]) is True


def _coding(value: Any) -> tuple[Any, Any]:
    return value.get("system"), value.get("code")
