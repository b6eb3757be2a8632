"""How a function of FHIRPath is declared: its name, how many arguments it takes, and how they are evaluated.

https://hl7.org/fhirpath/N1/#functions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from telerehab.fhir.fhirpath.scope import Scope, Step
from telerehab.fhir.fhirpath.values import Collection


class Function(NamedTuple):
    """`perform` gets the focus, the scope, and each argument: evaluated, or (`lazy`) as a step to ask of each item."""

    perform: Callable[..., Collection]
    fewest: int
    most: int
    lazy: bool

    def bound(self, focus: Step, arguments: tuple[Step, ...]) -> Step:
        """The step that evaluates one call."""
        perform = self.perform
        if self.lazy or not arguments:
            return lambda scope: perform(focus(scope), scope, *arguments)
        if len(arguments) == 1:
            (only,) = arguments
            return lambda scope: perform(focus(scope), scope, only(scope))
        return lambda scope: perform(focus(scope), scope, *[argument(scope) for argument in arguments])


FUNCTIONS: dict[str, Function] = {}
_Perform = Callable[..., Collection]


def function(
    name: str, fewest: int = 0, most: int | None = None, *, lazy: bool = False
) -> Callable[[_Perform], _Perform]:
    """Register what computes `name`."""

    def declare(perform: _Perform) -> _Perform:
        FUNCTIONS[name] = Function(perform, fewest, fewest if most is None else most, lazy)
        return perform

    return declare


def of(value: Any) -> Collection:
    """A collection of one value, or the empty one for None."""
    return [] if value is None else [value]


__all__ = ["FUNCTIONS", "Collection", "Function", "Scope", "Step", "function", "of"]
