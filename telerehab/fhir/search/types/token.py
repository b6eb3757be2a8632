"""Token: codes, identifiers, booleans, contact points; `system|code`, `code`, `|code`, `system|`.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from telerehab.fhir.definitions.value_sets import value_set
from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.escape import split, unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import NOTHING, HasToken, Predicate
from telerehab.fhir.search.refusal import malformed
from telerehab.fhir.search.rows import IndexRows
from telerehab.fhir.search.token_hash import token_hash

MODIFIERS = frozenset({"of-type"})
NOT = True

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
    parts = [unescape(part) for part in split(value, "|")]
    if modifier == "of-type":
        if len(parts) != 3 or not all(parts):
            raise malformed(parameter.code, "'system|code|value', all three")
        return HasToken((parameter.token("of-type", *parts),))
    if len(parts) > 2 or not any(parts):
        raise malformed(parameter.code, "'code', 'system|code', '|code' or 'system|'")
    if parameter.paths and all(path.type in _SYSTEMLESS for path in parameter.paths):
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


def _coding(parameter: Parameter) -> Sink:
    key, present = parameter.key, parameter.present

    def coding(value: Any, rows: IndexRows) -> None:
        rows.tokens += coded(key, present, value.get("system", ""), value.get("code", ""))

    return coding


def _codeable_concept(parameter: Parameter) -> Sink:
    key, present = parameter.key, parameter.present

    def codeable_concept(value: Any, rows: IndexRows) -> None:
        codings = value.get("coding")
        if codings is None:
            rows.tokens += present
            return
        for coding in codings:
            rows.tokens += coded(key, present, coding.get("system", ""), coding.get("code", ""))

    return codeable_concept


def _identifier(parameter: Parameter) -> Sink:
    present = parameter.present

    def identifier(value: Any, rows: IndexRows) -> None:
        system, text = value.get("system", ""), value.get("value", "")
        rows.tokens += present
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
