"""An interaction as the router knows it: what it is called, how it is audited, what answers it.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telerehab.server.request import FhirRequest, FhirResponse

if TYPE_CHECKING:
    from telerehab.engine import Engine

Answer = Callable[["Engine", FhirRequest], Awaitable[FhirResponse]]


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction; `codes` are what the CapabilityStatement says of it (restful-interaction codes), if anything.

    `name` is for logs and metrics; `action` is the audit's letter (C, R, U, D, E), "" for one whose parts are
    audited each.
    """

    name: str
    action: str
    answer: Answer
    codes: tuple[str, ...] = ()
