"""FHIR search without storage: index rows of a resource, predicates of a query, and whether they meet.

https://hl7.org/fhir/R4/search.html

- `index(resource, base="") -> IndexRows`: the rows to keep beside a resource (`rows.py` has their shapes);
- `parse_query(type, pairs, *, lenient, base, now, aliases) -> Query`: decoded (name, value) pairs to a `Query`;
- `criterion(type, name, value, setting) -> Predicate`: one of its parameters;
- `matches(predicate, rows, last_updated=None) -> bool`: a predicate on index rows, in memory;
- `in_memory(predicate) -> bool`: whether it can: chains, `_has` and hierarchies ask other resources;
- `summarise(resource, summary, elements) -> dict`: the part of a resource that `_summary` and `_elements` want;
- `parameters(type)`, `searchable(parameter)`: what there is to search by, and what of it is answered;
- `parameter_hash(type, code)`: the hash under which a parameter's rows are kept;
- the predicates themselves: `predicate.py`.
"""

from telerehab.fhir.search.criteria import criterion, searchable
from telerehab.fhir.search.index import index
from telerehab.fhir.search.matching import in_memory, matches
from telerehab.fhir.search.parameter import Parameter, Setting, parameter_hash, parameters
from telerehab.fhir.search.parsing import parse_query
from telerehab.fhir.search.query import Include, Query, SortKey
from telerehab.fhir.search.rows import DateRow, IndexRows, NumberRow, ReferenceRow, StringRow
from telerehab.fhir.search.summary import summarise

__all__ = [
    "DateRow",
    "Include",
    "IndexRows",
    "NumberRow",
    "Parameter",
    "Query",
    "ReferenceRow",
    "Setting",
    "SortKey",
    "StringRow",
    "criterion",
    "in_memory",
    "index",
    "matches",
    "parameter_hash",
    "parameters",
    "parse_query",
    "searchable",
    "summarise",
]
