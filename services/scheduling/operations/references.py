"""References that callers give to the operations: to resources of this server, of a type that fits."""

from __future__ import annotations

import re
from typing import Any

from telerehab.fhir.outcome import bad_request
from telerehab.fhir.own_references import relative_reference
from telerehab.operation import Parameters
from telerehab.unit_of_work import UnitOfWork

_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def referred(parameters: Parameters, name: str, type_: str, work: UnitOfWork) -> str | None:
    """ "Type/id" of a parameter that is a Reference, None where it is not given; 400 for any other reference."""
    given = parameters.one(name)
    if given is None:
        return None
    return local(given.get("reference") if isinstance(given, dict) else None, name, (type_,), work)


def searched(parameters: Parameters, name: str, *types: str, work: UnitOfWork) -> list[str]:
    """ "Type/id" of each value of a search parameter, repeated or joined by commas; an id alone is of the first type.

    400 for what is no reference to one of `types` here.
    """
    values = [value for given in parameters.all(name) for value in str(given).split(",")]
    return [
        local(f"{types[0]}/{value}" if _ID.fullmatch(value) else value, name, types, work) for value in values
    ]


def local(value: Any, name: str, types: tuple[str, ...], work: UnitOfWork) -> str:
    """ "Type/id" of a literal reference, relative or by our own URL, without its version; 400 if it is none."""
    relative = relative_reference(value, work.engine.base_url) if isinstance(value, str) else ""
    match = _REFERENCE.fullmatch(relative)
    if match is None or match[1] not in types:
        wanted = " or ".join(types)
        raise bad_request(
            f"'{name}' must refer to a {wanted} here, as '{types[0]}/[id]'.",
            f"Parameters.parameter('{name}')",
            "value",
        )
    return f"{match[1]}/{match[2]}"
