"""Uri: exact, or with `:below` and `:above` along the path; canonicals also without their version.

https://hl7.org/fhir/R4/search.html#uri
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.escape import unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import HasToken, Predicate, StringStarts, any_of
from telerehab.fhir.search.refusal import malformed
from telerehab.fhir.search.rows import IndexRows, StringRow

MODIFIERS = frozenset({"above", "below"})
NOT = False


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    present, hash_ = parameter.present, parameter.hash

    def uri(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        rows.tokens.append(parameter.token("url", value))
        plain, _, version = value.partition("|")
        if version:
            rows.tokens.append(parameter.token("url", plain))
        rows.strings.append(StringRow(hash_, value, value))

    return uri


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    url = unescape(value)
    if modifier is None:
        return HasToken((parameter.token("url", url),))
    if "://" not in url:
        raise malformed(f"{parameter.code}:{modifier}", "a URL with a path")
    if modifier == "below":
        stem = url.rstrip("/")
        return any_of([_exactly(parameter, stem), StringStarts(parameter.hash, stem + "/")])
    return any_of([_exactly(parameter, ancestor) for ancestor in _ancestors(url)])


def _exactly(parameter: Parameter, url: str) -> Predicate:
    return HasToken((parameter.token("url", url), parameter.token("url", url + "/")))


def _ancestors(url: str) -> list[str]:
    scheme, _, rest = url.rstrip("/").partition("://")
    parts = rest.split("/")
    return [f"{scheme}://{'/'.join(parts[:depth])}" for depth in range(1, len(parts) + 1)]
