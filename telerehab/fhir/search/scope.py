"""The scope of a search that is not over one type: several types at once, and compartments.

https://hl7.org/fhir/R4/search.html#searchall
https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.definitions.compartment import ITSELF, compartments
from telerehab.fhir.outcome import FhirError, Issue, bad_request, unknown_type
from telerehab.fhir.search.criteria import criterion
from telerehab.fhir.search.parameter import Setting
from telerehab.fhir.search.predicate import (
    All,
    HasToken,
    IdIn,
    InCompartment,
    Predicate,
    TypeIn,
    any_of,
)

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


def named_types(pairs: Iterable[tuple[str, str]], possible: Collection[str]) -> tuple[str, ...]:
    """The types that `_type` names, else all that are `possible`; the narrower of two. Raises `FhirError`."""
    types = sorted(possible)
    for name, value in pairs:
        if name == "_type":
            named = value.split(",")
            for type_ in named:
                if type_ not in resource_types():
                    raise unknown_type(type_)
                if type_ not in possible:
                    raise bad_request(f"{type_} is kept by another service.", "_type", "not-supported")
            types = [type_ for type_ in types if type_ in named]
    return tuple(types)


def across(types: Sequence[str], name: str, value: str, setting: Setting) -> Predicate:
    """What one parameter asks of resources of several types, each of which must have it. Raises `FhirError` 400."""
    return _any_type({type_: criterion(type_, name, value, setting) for type_ in types})


def parse_compartment(text: str) -> tuple[str, str]:
    """("Practitioner", "1") of "Practitioner/1"; `FhirError` 404 where there is no such compartment."""
    name, _, id_ = text.partition("/")
    if name not in compartments():
        told = f"There is no compartment of {name[:64]}; there are {', '.join(sorted(compartments()))}."
        raise FhirError(404, [Issue("not-supported", told)])
    if not _ID.fullmatch(id_):
        raise bad_request("A compartment is named by the id of its resource.", code="value")
    return name, id_


def types_in(compartment: str, possible: Iterable[str]) -> tuple[str, ...]:
    """Those of the `possible` types that can be in a compartment ("Practitioner")."""
    return tuple(sorted(set(possible) & compartments()[compartment].keys()))


def in_compartment(name: str, id_: str, types: Sequence[str], setting: Setting) -> Predicate:
    """That a resource of one of `types` is in a compartment."""
    members = types_in(name, types)
    if name == "Patient":
        return All((TypeIn(members), InCompartment(tuple(setting.aliases(id_)))))
    return _any_type({type_: _is_in(name, id_, type_, setting) for type_ in members})


def _is_in(name: str, id_: str, type_: str, setting: Setting) -> Predicate:
    codes = compartments()[name][type_]
    return any_of(
        [
            IdIn((id_,)) if code == ITSELF else criterion(type_, code, f"{name}/{id_}", setting)
            for code in codes
        ]
    )


def _any_type(by_type: dict[str, Predicate]) -> Predicate:
    """One predicate over several types: tokens name their type themselves, for others it stands beside."""
    different = set(by_type.values())
    if len(different) == 1 and len(by_type) > 1:
        return different.pop()
    return any_of(
        [
            predicate if isinstance(predicate, HasToken) else All((TypeIn((type_,)), predicate))
            for type_, predicate in by_type.items()
        ]
    )
