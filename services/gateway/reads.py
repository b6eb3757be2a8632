"""What the gateway itself answers, apart from bundles: places that span owners."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.gateway.everything import everything
from services.gateway.gateway import Gateway
from services.gateway.metadata import metadata
from services.gateway.system_history import system_history
from services.gateway.system_search import compartment_search, system_search
from telerehab.server.request import FhirRequest, FhirResponse


@dataclass(frozen=True, slots=True)
class Interaction:
    """One of the gateway's own interactions; `name` is for logs and metrics."""

    name: str
    answer: Callable[[Gateway, FhirRequest], Awaitable[FhirResponse]]


READS: Mapping[str, Mapping[str, Interaction]] = {
    "": {"GET": Interaction("search-system", system_search)},
    "_search": {"POST": Interaction("search-system", system_search)},
    "[type]/[id]/*": {"GET": Interaction("search-compartment", compartment_search)},
    "[type]/[id]/*/_search": {"POST": Interaction("search-compartment", compartment_search)},
    "_history": {"GET": Interaction("history-system", system_history)},
    "metadata": {"GET": Interaction("capabilities", metadata)},
    "Patient/$everything": {
        "GET": Interaction("operation", everything),
        "POST": Interaction("operation", everything),
    },
    "Patient/[id]/$everything": {
        "GET": Interaction("operation", everything),
        "POST": Interaction("operation", everything),
    },
}
