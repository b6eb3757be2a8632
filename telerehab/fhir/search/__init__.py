"""FHIR search without storage: index rows of a resource, predicates of a query, and whether they meet.

https://hl7.org/fhir/R4/search.html

- `index(resource, base="") -> IndexRows`: the rows to keep beside a resource (`rows.py` has their shapes);
- `parse_query(type, pairs, *, lenient=False, ...) -> Query`: decoded (name, value) pairs to a `Query`;
- `matches(predicate, rows, last_updated=None) -> bool`: a predicate on index rows, in memory;
- `summarise(resource, query) -> dict`: the part of a resource that `_summary` and `_elements` ask for.
"""
