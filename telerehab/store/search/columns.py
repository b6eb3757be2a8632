"""Predicates on a resource's own row: tokens, id, type, compartment, lastUpdated.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

from telerehab.fhir.search.predicate import HasToken, IdIn, InCompartment, LastUpdated, Prefix, TypeIn
from telerehab.fhir.search.rows import BEGINNING
from telerehab.store.search.statement import Statement

Column: TypeAlias = HasToken | IdIn | TypeIn | InCompartment | LastUpdated

_INSTANT = timedelta(milliseconds=1)  # what a lastUpdated covers


def column_condition(predicate: Column, sql: Statement) -> str:
    """The predicate as a condition on `r`."""
    match predicate:
        case HasToken(tokens):
            return f"r.tok && {sql.value(list(tokens), 'bigint[]')}"
        case IdIn(ids):
            return f"r.id = ANY ({sql.value([id_ for id_ in ids if chr(0) not in id_], 'text[]')})"
        case TypeIn(types):
            return f"r.type = ANY ({sql.value(list(types), 'text[]')})"
        case InCompartment(patients):
            return f"r.patients && {sql.value([id_ for id_ in patients if chr(0) not in id_], 'text[]')}"
        case LastUpdated():
            return _last_updated(predicate, sql)


def _last_updated(predicate: LastUpdated, sql: Statement) -> str:
    """An instant t covers [t, t + 1 ms): `t + 1 ms <= x` is asked as `t <= x - 1 ms`, which an index serves."""
    lo, hi = predicate.lo, predicate.hi
    last = _before(hi)

    def t(operator: str, moment: datetime) -> str:
        return f"r.last_updated {operator} {sql.value(moment, 'timestamptz')}"

    match predicate.prefix:
        case Prefix.eq:
            return f"{t('>=', lo)} AND {t('<=', last)}"
        case Prefix.ne:
            return f"NOT ({t('>=', lo)} AND {t('<=', last)})"
        case Prefix.gt:
            return t(">", last)
        case Prefix.lt:
            return t("<", lo)
        case Prefix.ge:  # gt or eq
            return t(">=", lo) if lo <= last else t(">", last)
        case Prefix.le:  # lt or eq
            return t("<=", last) if lo <= last else t("<", lo)
        case Prefix.sa:
            return t(">=", hi)
        case Prefix.eb:
            return t("<=", _before(lo))
        case Prefix.ap:
            return f"{t('<', hi)} AND {t('>', _before(lo))}"


def _before(moment: datetime) -> datetime:
    return moment - _INSTANT if moment - BEGINNING >= _INSTANT else BEGINNING
