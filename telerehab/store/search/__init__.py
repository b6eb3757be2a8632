"""Search in SQL: predicates to statements, the path they take, order and pages, totals, includes.

https://hl7.org/fhir/R4/search.html

- `Search(pool, cursors, aliases)`: `page`, `all`, `ids`, `compartment`;
- `Page`: what a search answers;
- `include`, `targets`, `referring`: includes within the service, and for callers that span several.
"""

from telerehab.store.search.includes import include, referring, targets
from telerehab.store.search.page import Page
from telerehab.store.search.search import Search

__all__ = ["Page", "Search", "include", "referring", "targets"]
