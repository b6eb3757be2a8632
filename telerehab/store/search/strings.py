"""String predicates as conditions on `search_string` (alias `s`).

The index has the first `INDEXED` characters in the C collation, so that it serves prefixes and order alike.
https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

from typing import TypeAlias

from telerehab.fhir.search.predicate import StringContains, StringEquals, StringStarts
from telerehab.fhir.search.types.string import fold
from telerehab.store.search.statement import Statement

StringPredicate: TypeAlias = StringStarts | StringContains | StringEquals

INDEXED = 100
INDEXED_TEXT = f"left(s.normalised, {INDEXED})"


def string_condition(predicate: StringPredicate, sql: Statement) -> str:
    """The comparison as the predicate defines it, its indexed part first."""
    parameter = f"s.parameter = {sql.value(predicate.parameter, 'bigint')}"
    match predicate:
        case StringStarts(_, text):
            condition = f"{INDEXED_TEXT} ^@ {sql.value(text[:INDEXED], 'text')}"
            if len(text) > INDEXED:
                condition += f" AND starts_with(s.normalised, {sql.value(text, 'text')})"
        case StringContains(_, text):
            # The texts of codes, which have no `exact`, are not in the index.
            condition = f"s.exact <> '' AND s.normalised LIKE {sql.value(f'%{_literal(text)}%', 'text')}"
        case StringEquals(_, text):
            folded = sorted({fold(text)[:INDEXED], text[:INDEXED]})  # a uri is kept as it is
            if any("\0" in each for each in folded):
                return "false"
            condition = f"{INDEXED_TEXT} = ANY ({sql.value(folded, 'text[]')}) AND s.exact = {sql.value(text, 'text')}"
    return f"{parameter} AND {condition}"


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
