"""What an expression is evaluated in: the context item, the variables, and how much work it may cause.

https://hl7.org/fhirpath/N1/#environment-variables
https://hl7.org/fhir/R4/fhirpath.html#variables
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.navigation import root
from telerehab.fhir.fhirpath.values import Collection

MAX_STEPS = 500_000
"""Items that one evaluation may visit: less than a second."""

_TEXT_PER_STEP = 200

_FIXED = {
    "ucum": "http://unitsofmeasure.org",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}

Resolve = Callable[[str], Any]
"""From a reference ("Patient/1", "urn:uuid:…") to the resource's JSON, or None if it is not at hand."""


class Environment:
    """What holds during one evaluation: variables, the resource around the context, and the moment it is now."""

    __slots__ = ("_memo", "_now", "left", "resolve", "resource", "root", "variables")

    def __init__(
        self,
        resource: Any,
        root: Any,
        variables: Mapping[str, Collection],
        resolve: Resolve | None = None,
    ) -> None:
        """`resource` and `root` are JSON: the resource around the context, and the one that contains it."""
        self.resource = resource
        self.root = root
        self.variables = variables
        self.resolve = resolve
        self._now: datetime | None = None
        self._memo: dict[Step, Collection] | None = None
        self.left = MAX_STEPS

    @property
    def now(self) -> datetime:
        """The same moment, however often one evaluation asks."""
        if self._now is None:
            self._now = datetime.now(UTC)
        return self._now

    @property
    def memo(self) -> dict[Step, Collection]:
        """What is followed once per evaluation, by its step."""
        if self._memo is None:
            self._memo = {}
        return self._memo

    def spend(self, steps: int) -> None:
        """Count work; raises FhirPathError when there was too much."""
        self.left -= steps
        if self.left < 0:
            raise FhirPathError("the expression takes too long on this resource")

    def variable(self, name: str) -> Collection:
        """The value of `%name`; raises FhirPathError for one that is not defined."""
        if name == "resource":
            return [root(self.resource)]
        if name == "rootResource":
            return [root(self.root)]
        if name in self.variables:
            return self.variables[name]
        if name in _FIXED:
            return [_FIXED[name]]
        for prefix, folder in (("vs-", "ValueSet"), ("ext-", "StructureDefinition")):
            if name.startswith(prefix):
                return [f"http://hl7.org/fhir/{folder}/{name.removeprefix(prefix)}"]
        raise FhirPathError(f"there is no variable %{name}")


class Scope:
    """`$this`, `$index` and `$total` of the innermost function that goes through items."""

    __slots__ = ("environment", "index", "this", "total")

    def __init__(
        self, this: Collection, environment: Environment, index: int = 0, total: Collection | None = None
    ) -> None:
        self.this = this
        self.environment = environment
        self.index = index
        self.total = total

    def at(self, item: Any, index: int) -> Scope:
        """The scope in which a criterion is asked of `item`."""
        self.environment.spend(1 if type(item) is not str else 1 + len(item) // _TEXT_PER_STEP)
        return Scope([item], self.environment, index, self.total)


Step = Callable[[Scope], Collection]
"""A compiled expression."""
