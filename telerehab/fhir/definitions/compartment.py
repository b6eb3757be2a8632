"""The patient compartment: by which search parameters a resource belongs to a patient.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html
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
