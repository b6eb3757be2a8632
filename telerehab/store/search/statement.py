"""A statement in the making: SQL text beside its numbered parameters.

Values only ever travel as parameters; what is written into the text comes from this package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telerehab.access import Access
from telerehab.fhir.outcome import bad_request
from telerehab.store.visible import visible


@dataclass(slots=True)
class Statement:
    """What all parts of one statement share.

    `type` is the type searched, None for all. `walking` says that conditions are looked at row by row until the page
    is full, so that side rows must be probed for each row, never joined as a whole.
    """

    type: str | None
    access: Access
    walking: bool = False
    parameters: list[Any] = field(default_factory=list)

    def value(self, value: Any, type_: str) -> str:
        """The placeholder of `value`, cast to the SQL type `type_`."""
        if isinstance(value, str) and "\0" in value:
            raise bad_request("A search value must not hold the character U+0000.")
        self.parameters.append(value)
        return f"${len(self.parameters)}::{type_}"

    def within(self, type_: str) -> Statement:
        """The same statement where a link has led to a resource of `type_`."""
        return Statement(type_, self.access, self.walking, self.parameters)

    def candidates(self) -> str:
        """The condition on `r` that every row shown must meet: of the type, live, visible."""
        conditions = ["NOT r.deleted"]
        if self.type is not None:
            conditions.append(f"r.type = {self.value(self.type, 'text')}")
        seen = visible(self.access, "r", self.parameters, self.type)
        if seen != "true":
            conditions.append(seen)
        return " AND ".join(conditions)
