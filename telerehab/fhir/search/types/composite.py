"""Composite: `code$value`, both true of the same part of a resource.

Where the part can repeat (Observation.component), the rows of the last value are kept under a hash that contains the
token of the first, so that one lookup in the rows of its own type (number, date, string, token) answers for both.
Where it is the resource itself, both parameters asked together are the same.

https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from telerehab.fhir.fhirpath.paths import Path, selector
from telerehab.fhir.search import types
from telerehab.fhir.search.escape import split
from telerehab.fhir.search.parameter import Parameter, Setting, Sink, parameters
from telerehab.fhir.search.predicate import All, Predicate
from telerehab.fhir.search.refusal import malformed, not_supported
from telerehab.fhir.search.rows import IndexRows
from telerehab.fhir.search.types.token import forms

MODIFIERS: frozenset[str] = frozenset()
NOT = False


def supported(parameter: Parameter) -> bool:
    """Whether it is a token and one more; sequence coordinates (a token and two numbers) are not."""
    return (
        len(parameter.components) == 2
        and parameter.components[0].type == "token"
        and all(component.paths for component in parameter.components)
    )


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    if not supported(parameter) or not path.steps:
        return None
    first, last = parameter.components
    tokens_of = _tokens(first)

    @lru_cache(maxsize=512)
    def sinks(token: str) -> tuple[Sink, ...]:
        under = _under(last, token)
        made = ((p, types.SEARCH_TYPES[last.type].index(under, p, base)) for p in last.paths)
        return tuple(p.into(sink) for p, sink in made if sink)

    has_last = selector(last.paths)

    def composite(value: Any, rows: IndexRows) -> None:
        if has_last(value):
            for token in tokens_of(value):
                for sink in sinks(token):
                    sink(value, rows)

    return composite


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    if not supported(parameter):
        raise not_supported(parameter.code, "only pairs that start with a token are")
    parts = split(value, "$")
    if len(parts) != 2 or not all(parts):
        raise malformed(parameter.code, "two values joined by '$'")
    first, last = parameter.components
    if any(path.steps for path in parameter.paths):
        under = _under(last, forms(replace(first, code=parameter.code), parts[0]))
        return _parse(replace(under, code=parameter.code), parts[1], setting)
    known = parameters(parameter.resource)
    both = (replace(known[component.code], code=parameter.code) for component in (first, last))
    return All(tuple(_parse(each, part, setting) for each, part in zip(both, parts, strict=True)))


def _parse(parameter: Parameter, value: str, setting: Setting) -> Predicate:
    return types.SEARCH_TYPES[parameter.type].parse(parameter, None, value, setting)


def _under(last: Parameter, token: str) -> Parameter:
    return replace(last, key=f"{last.key}${token}")


def _tokens(first: Parameter) -> Callable[[Any], Iterator[str]]:
    concept = all(path.type == "CodeableConcept" for path in first.paths)
    select = selector(first.paths)

    def tokens(value: Any) -> Iterator[str]:
        for found in select(value):
            if isinstance(found, str):
                yield found
                continue
            for coding in found.get("coding", ()) if concept else (found,):
                code = coding.get("code")
                if code:
                    yield code
                    yield f"{coding.get('system', '')}|{code}"

    return tokens
