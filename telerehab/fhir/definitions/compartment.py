"""The compartments: by which search parameters a resource belongs to a patient, a practitioner, an encounter …

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def patient_compartment() -> Mapping[str, tuple[str, ...]]:
    """Per resource type the codes of the parameters that lead to its patients; empty: not in the compartment.

    A Patient is in its own compartment and, unlike the definition's `link`, in no other: what two records of
    one person share is said by merging them.
    """
    source = files("telerehab.fhir.definitions").joinpath("data/patient-compartment.json")
    listed = {type_: tuple(codes) for type_, codes in json.loads(source.read_text("utf-8")).items()}
    return MappingProxyType(listed | {"Patient": ()})


ITSELF = "{def}"
"""Stands among the codes where a resource is in its own compartment."""


@cache
def compartments() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Per compartment, and per resource type that can be in it, the codes of the parameters that lead there."""
    source = files("telerehab.fhir.definitions").joinpath("data/compartments.json")
    others = json.loads(source.read_text("utf-8"))
    listed = {name: {type_: tuple(codes) for type_, codes in of.items()} for name, of in others.items()}
    patients = {type_: codes for type_, codes in patient_compartment().items() if codes}
    return MappingProxyType({"Patient": {**patients, "Patient": (ITSELF,)}, **listed})
