"""Does a QuestionnaireResponse answer its Questionnaire: items, types, options, how often, and what is required.

Pure: whoever calls it has found the Questionnaire. Options that a value set lists are judged where it is contained.

https://hl7.org/fhir/R4/questionnaireresponse.html#invs
https://hl7.org/fhir/R4/questionnaire-definitions.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from telerehab.fhir.fhirpath import Node
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import Issue
from telerehab.fhir.validation.enabling import answers_of, is_enabled, same, value_of

_FINAL = frozenset({"completed", "amended"})
_TYPES: Mapping[str, frozenset[str]] = {
    "boolean": frozenset({"boolean"}),
    "decimal": frozenset({"decimal"}),
    "integer": frozenset({"integer"}),
    "date": frozenset({"date"}),
    "dateTime": frozenset({"dateTime"}),
    "time": frozenset({"time"}),
    "string": frozenset({"string"}),
    "text": frozenset({"string"}),
    "url": frozenset({"uri"}),
    "choice": frozenset({"Coding"}),
    "open-choice": frozenset({"Coding", "string"}),
    "attachment": frozenset({"Attachment"}),
    "reference": frozenset({"Reference"}),
    "quantity": frozenset({"Quantity"}),
}


def response_faults(response: JsonObject, questionnaire: JsonObject) -> list[Issue]:
    """What a response holds that its Questionnaire does not ask for, or lacks; both are valid R4.

    What is required is required of a `completed` or `amended` response only; so is that nothing answers a question
    that is not asked.
    """
    reading = _Reading(questionnaire, response)
    return list(reading.faults(response, questionnaire, "QuestionnaireResponse"))


class _Reading:
    """One response beside its Questionnaire."""

    def __init__(self, questionnaire: JsonObject, response: JsonObject) -> None:
        self._final = response.get("status") in _FINAL
        self._answers = answers_of(response)
        self._contained = {
            f"#{resource.get('id')}": resource for resource in questionnaire.get("contained", ())
        }

    def faults(self, container: JsonObject, asked: JsonObject, where: str) -> Iterator[Issue]:
        """Of the items of a response, a group or an answer, beside the items asked there."""
        questions = {question["linkId"]: question for question in asked.get("item", ())}
        given = Counter(item.get("linkId") for item in container.get("item", ()))
        for index, item in enumerate(container.get("item", ())):
            place = f"{where}.item[{index}]"
            question = questions.get(item.get("linkId"))
            if question is None:
                yield Issue(
                    "structure", "The Questionnaire asks no item with this linkId here.", f"{place}.linkId"
                )
                continue
            if given[item["linkId"]] > 1 and not (question["type"] == "group" and question.get("repeats")):
                yield Issue("structure", "This item may be there once only.", place)
            yield from self._item(item, question, place)
        if self._final:
            yield from self._lacking(questions.values(), container, where)

    def _item(self, item: JsonObject, question: JsonObject, place: str) -> Iterator[Issue]:
        answers = item.get("answer", ())
        if self._final and is_enabled(question, self._answers) is False and _answers_something(item):
            yield Issue("business-rule", "This item is not asked, as the other answers are.", place)
        if question["type"] == "group":
            if answers:
                yield Issue("structure", "A group has items, no answer.", f"{place}.answer")
            yield from self.faults(item, question, place)
            return
        if question["type"] == "display" and answers:
            yield Issue("structure", "A text that is only displayed has no answer.", f"{place}.answer")
            return
        if item.get("item"):
            yield Issue("structure", "Items below a question belong into its answer.", f"{place}.item")
        if len(answers) > 1 and not question.get("repeats"):
            yield Issue("structure", "This question has one answer only.", f"{place}.answer")
        for index, answer in enumerate(answers):
            yield from self._answer(answer, question, f"{place}.answer[{index}]")
            yield from self.faults(answer, question, f"{place}.answer[{index}]")

    def _answer(self, answer: JsonObject, question: JsonObject, place: str) -> Iterator[Issue]:
        value = value_of(answer, "value")
        if value is None:
            return
        options = [option for one in question.get("answerOption", ()) if (option := value_of(one, "value"))]
        allowed = _allowed(question, options)
        if value.type not in allowed:
            told = f"The answer to this question is of type {' or '.join(sorted(allowed))}."
            yield Issue("structure", told, f"{place}.value")
            return
        is_free = question["type"] == "open-choice" and value.type == "string"
        if not is_free and self._is_no_option(value, options, question):
            yield Issue(
                "code-invalid", "The answer is none of the options of this question.", f"{place}.value"
            )
        longest = question.get("maxLength")
        if isinstance(longest, int) and isinstance(value.value, str) and len(value.value) > longest:
            yield Issue("too-long", f"The answer has at most {longest} characters.", f"{place}.value")

    def _is_no_option(self, value: Node, options: list[Node], question: JsonObject) -> bool:
        if options:
            return not any(same(value, option) for option in options)
        listed = self._contained.get(question.get("answerValueSet", ""))
        codings = None if listed is None else _listed(listed)
        return codings is not None and (value.value.get("system"), value.value.get("code")) not in codings

    def _lacking(self, questions: Iterable[JsonObject], container: JsonObject, where: str) -> Iterator[Issue]:
        given = {item.get("linkId"): item for item in container.get("item", ())}
        for question in questions:
            if not question.get("required") or question["type"] == "display":
                continue
            item = given.get(question["linkId"])
            there = item is not None and bool(item.get("item" if question["type"] == "group" else "answer"))
            if not there and is_enabled(question, self._answers) is True:
                name = question["linkId"] if _is_plain(question["linkId"]) else ""
                told = (
                    f"The required item {name} has no answer." if name else "A required item has no answer."
                )
                yield Issue("required", told, f"{where}.item")


def _answers_something(item: JsonObject) -> bool:
    return bool(item.get("answer")) or any(answers_of(item).values())


def _allowed(question: JsonObject, options: list[Node]) -> frozenset[str]:
    """Options may be dates, times, numbers or strings: then so is the answer."""
    own = _TYPES.get(question["type"], frozenset())
    return own | {option.type for option in options} if question["type"] in ("choice", "open-choice") else own


def _listed(value_set: JsonObject) -> set[tuple[str | None, str | None]] | None:
    """The codings that a value set lists one by one; None if it says which they are in another way."""
    expansion = value_set.get("expansion", {}).get("contains")
    if expansion:
        return {(one.get("system"), one.get("code")) for one in expansion}
    compose = value_set.get("compose", {})
    if "exclude" in compose or any("concept" not in one for one in compose.get("include", ({},))):
        return None
    return {
        (one.get("system"), concept.get("code")) for one in compose["include"] for concept in one["concept"]
    }


def _is_plain(link_id: str) -> bool:
    return len(link_id) <= 64 and link_id.isprintable()
