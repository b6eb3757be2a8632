"""References as conditions: on `search_reference` (alias `s`), and through it on the resource at the other side.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from telerehab.fhir.search.predicate import ReferredBy, Refers, RefersTo
from telerehab.fhir.search.token_hash import token_hash
from telerehab.store.search.statement import Statement


def reference_condition(predicate: RefersTo, sql: Statement) -> str:
    """The reference row (alias `s`) leads to one of the ids."""
    return (
        f"s.parameter = ANY ({sql.value(list(predicate.parameters), 'bigint[]')})"
        f" AND s.target_type = {sql.value(predicate.type, 'text')}"
        f" AND s.target_id = ANY ({sql.value(list(predicate.ids), 'text[]')})"
    )


def linked_condition(link: Refers | ReferredBy, there: str, sql: Statement) -> str:
    """Of `r`: some reference leads from it to, or to it from, a resource (`r` in `there`) that `there` is true of."""
    fence = " OFFSET 0" if sql.walking else ""
    match link:
        case Refers(keys, type_):
            hashes = sql.value([token_hash(key) for key in keys], "bigint[]")
            on = (
                f"link.rid = r.rid AND link.parameter = ANY ({hashes})"
                f" AND link.target_type = {sql.value(type_, 'text')}"
            )
            to = "r.type = link.target_type AND r.id = link.target_id"
        case ReferredBy(_, _, parameters, target):
            on = (
                f"link.target_id = r.id AND link.parameter = ANY ({sql.value(list(parameters), 'bigint[]')})"
                f" AND link.target_type = {sql.value(target, 'text')}"
            )
            to = "r.rid = link.rid"
    return (
        f"EXISTS (SELECT FROM search_reference link WHERE {on}"
        f" AND EXISTS (SELECT FROM resource r WHERE {to} AND {there}{fence}){fence})"
    )
