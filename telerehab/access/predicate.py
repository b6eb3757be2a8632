"""The access predicate: which rows a request may see or change, decided on each row's patient compartments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """Rows in the compartment of one of `patients`, and all rows of `shared_types`; no `patients`: every row.

    A mandatory argument of every store function, so that no path can forget it.
    """

    patients: frozenset[str] | None
    shared_types: frozenset[str] = frozenset()

    def allows(self, type_: str, patients: Collection[str]) -> bool:
        """Whether a row of `type_` in the compartments of `patients` (Patient ids) is visible."""
        if self.patients is None or type_ in self.shared_types:
            return True
        return not self.patients.isdisjoint(patients)

    @property
    def unrestricted(self) -> bool:
        return self.patients is None


EVERYTHING = Access(patients=None)
