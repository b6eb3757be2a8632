"""Token: codes, identifiers, booleans, contact points; `system|code`, `code`, `|code`, `system|`.

`:text` looks at what people read of a code: string rows of their own, whose `exact` is empty, so that the index for
`:contains` leaves them out.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from telerehab.fhir.definitions.value_sets import value_set
from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.outcome import too_costly
from telerehab.fhir.search.escape import split, unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import NOTHING, HasToken, Predicate, StringStarts, any_of
from telerehab.fhir.search.refusal import malformed, not_supported
from telerehab.fhir.search.rows import IndexRows, StringRow
from telerehab.fhir.search.token_hash import token_hash
from telerehab.fhir.search.types.string import fold
from telerehab.fhir.terminology import codings_above, codings_below, codings_in

MODIFIERS = frozenset({"above", "below", "in", "of-type", "text"})
NOT = True
MOST_CODES = 5_000  # that one value set or one code may stand for

_SYSTEMLESS = frozenset({"boolean", "code", "ContactPoint", "id", "string", "uri"})


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    match path.type:
        case "CodeableConcept":
            return _codeable_concept(parameter)
        case "Coding":
            return _coding(parameter)
        case "Identifier":
            return _identifier(parameter)
        case "ContactPoint":
            return _contact_point(parameter)
        case "boolean":
            return _boolean(parameter)
        case "code" | "id" | "string" | "uri":
            return _plain(parameter)
    return None  # a Group's characteristic may also be a Quantity or Range, which no token asks for


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    if modifier == "text":
        return _text(parameter, unescape(value))
    if modifier == "in":
        return _in(parameter, unescape(value))
    parts = [unescape(part) for part in split(value, "|")]
    if modifier in ("above", "below"):
        return _related(parameter, modifier, parts)
    if modifier == "of-type":
        if len(parts) != 3 or not all(parts):
            raise malformed(parameter.code, "'system|code|value', all three")
        return HasToken((parameter.token("of-type", *parts),))
    if len(parts) > 2 or not any(parts):
        raise malformed(parameter.code, "'code', 'system|code', '|code' or 'system|'")
    if _is_systemless(parameter):
        return _systemless(parameter, parts)
    if len(parts) == 1:
        return HasToken((parameter.token("code", parts[0]),))
    system, code = parts
    if not code and parameter.is_component:
        raise malformed(parameter.code, "'code' or 'system|code' in each part that is a token")
    if not code:
        return HasToken((parameter.token("system", system),))
    return HasToken((parameter.token("system|code", system, code),))


def forms(parameter: Parameter, value: str) -> str:
    """The one text a token of a composite is known by: `system|code` or `code`."""
    parts = [unescape(part) for part in split(value, "|")]
    if len(parts) > 2 or not parts[-1]:
        raise malformed(parameter.code, "'code' or 'system|code' in each part that is a token")
    return "|".join(parts)


def _text(parameter: Parameter, text: str) -> Predicate:
    folded = fold(text)
    if not folded:
        raise malformed(f"{parameter.code}:text", "text to look for")
    return StringStarts(parameter.token("text"), folded)


def _in(parameter: Parameter, url: str) -> Predicate:
    codings = codings_in(url)
    if codings is None:
        told = f"the codes of the value set '{url[:200]}' are not known here"
        raise not_supported(f"{parameter.code}:in", told)
    return _any_coding(parameter, "in", codings)


def _related(parameter: Parameter, modifier: str, parts: list[str]) -> Predicate:
    if len(parts) != 2 or not all(parts):
        raise malformed(f"{parameter.code}:{modifier}", "'system|code'")
    system, code = parts
    codings = (codings_above if modifier == "above" else codings_below)(system, code)
    if codings is None:
        told = f"the code system '{system[:200]}', or this code of it, is not known here"
        raise not_supported(f"{parameter.code}:{modifier}", told)
    return _any_coding(parameter, modifier, codings)


def _any_coding(parameter: Parameter, modifier: str, codings: Iterable[tuple[str, str]]) -> Predicate:
    listed = sorted(codings)
    if len(listed) > MOST_CODES:
        raise too_costly(
            f"'{parameter.code}:{modifier}' stands for {len(listed)} codes, {MOST_CODES} at most."
        )
    if _is_systemless(parameter):
        return any_of([_systemless(parameter, list(coding)) for coding in listed])
    return (
        HasToken(tuple(parameter.token("system|code", *coding) for coding in listed)) if listed else NOTHING
    )


def _is_systemless(parameter: Parameter) -> bool:
    return bool(parameter.paths) and all(path.type in _SYSTEMLESS for path in parameter.paths)


def _systemless(parameter: Parameter, parts: list[str]) -> Predicate:
    """Elements that hold a code alone: the system is implied by what they are bound to."""
    system, code = parts if len(parts) == 2 else ("", parts[0])
    if all(path.type == "boolean" for path in parameter.paths) and code not in ("true", "false"):
        raise malformed(parameter.code, "'true' or 'false'")
    if not code:
        return NOTHING
    sets = [value_set(path.value_set) for path in parameter.paths if path.value_set]
    if system and sets and all(sets):
        known = {(concept.system, concept.code) for concepts in sets for concept in concepts or ()}
        if (system, code) not in known:
            return NOTHING
    if any(path.type == "ContactPoint" for path in parameter.paths):
        code = code.casefold()
    return HasToken((parameter.token("code", code),))


@lru_cache(maxsize=16384)
def coded(parameter_key: str, present: tuple[int, ...], system: str, code: str) -> tuple[int, ...]:
    """All tokens of a code in a system (empty: none); without `present` only those a composite needs."""
    tokens = list(present)
    if code:
        tokens.append(token_hash(parameter_key, "code", code))
        tokens.append(token_hash(parameter_key, "system|code", system, code))
    if system and present:
        tokens.append(token_hash(parameter_key, "system", system))
    return tuple(tokens)


@lru_cache(maxsize=4096)
def _text_row(parameter: int, text: str) -> StringRow:
    return StringRow(parameter, fold(text), "")


def _coding(parameter: Parameter) -> Sink:
    key, present = parameter.key, parameter.present
    texts = 0 if parameter.is_component else parameter.token("text")

    def coding(value: Any, rows: IndexRows) -> None:
        rows.tokens += coded(key, present, value.get("system", ""), value.get("code", ""))
        display = value.get("display")
        if display and texts:
            rows.strings.append(_text_row(texts, display))

    return coding


def _codeable_concept(parameter: Parameter) -> Sink:
    key, present = parameter.key, parameter.present
    texts = 0 if parameter.is_component else parameter.token("text")

    def codeable_concept(value: Any, rows: IndexRows) -> None:
        codings = value.get("coding")
        text = value.get("text")
        if text and texts:
            rows.strings.append(_text_row(texts, text))
        if codings is None:
            rows.tokens += present
            return
        for coding in codings:
            rows.tokens += coded(key, present, coding.get("system", ""), coding.get("code", ""))
            display = coding.get("display")
            if display and texts:
                rows.strings.append(_text_row(texts, display))

    return codeable_concept


def _identifier(parameter: Parameter) -> Sink:
    present = parameter.present
    texts = 0 if parameter.is_component else parameter.token("text")

    def identifier(value: Any, rows: IndexRows) -> None:
        system, text = value.get("system", ""), value.get("value", "")
        rows.tokens += present
        kind = value.get("type", {}).get("text")
        if kind and texts:
            rows.strings.append(_text_row(texts, kind))
        if text:
            rows.tokens += (parameter.token("code", text), parameter.token("system|code", system, text))
        if system:
            rows.tokens.append(parameter.token("system", system))
        for coding in value.get("type", {}).get("coding", ()) if text else ():
            rows.tokens.append(
                parameter.token("of-type", coding.get("system", ""), coding.get("code", ""), text)
            )

    return identifier


def _contact_point(parameter: Parameter) -> Sink:
    present = parameter.present

    def contact_point(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        if "value" in value:
            rows.tokens.append(parameter.token("code", value["value"].casefold()))

    return contact_point


def _boolean(parameter: Parameter) -> Sink:
    true = (*parameter.present, parameter.token("code", "true"))
    false = (*parameter.present, parameter.token("code", "false"))

    def boolean(value: Any, rows: IndexRows) -> None:
        rows.tokens += true if value else false

    return boolean


def _plain(parameter: Parameter) -> Sink:
    present = parameter.present

    def plain(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        rows.tokens.append(parameter.token("code", value))

    return plain
