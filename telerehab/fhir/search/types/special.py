"""Special: parameters with a logic of their own (Location.near), refused until they have it.

https://hl7.org/fhir/R4/search.html#special
"""

from __future__ import annotations

from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import Predicate
from telerehab.fhir.search.refusal import not_supported

MODIFIERS: frozenset[str] = frozenset()
NOT = False


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    return None


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    raise not_supported(parameter.code, "this server has no distances")
