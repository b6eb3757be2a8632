"""Required bindings: a coded element may only hold codes of its value set.

https://hl7.org/fhir/R4/terminologies.html#required
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from telerehab.fhir.definitions.structures import Binding
from telerehab.fhir.definitions.value_sets import value_set
from telerehab.fhir.validation.context import Accept, Constraint, Context, Fault, Path
from telerehab.fhir.validation.primitives import accept_code

_LISTED = 12
_MIME_TYPES = "http://hl7.org/fhir/ValueSet/mimetypes"
_NOT_A_MIME_TYPE = Fault("code-invalid", "Expected a MIME type (BCP 13), such as application/pdf.")
# xml, json and ttl are the short forms that CapabilityStatement.format allows; parameters are free
_mime_type = re.compile(r"(?:[\w!#$&^.+\-]+/[\w!#$&^.+\-*]+(?:\s*;[^\x00-\x1f]*)?|xml|json|ttl)").fullmatch


def accept_bound_code(binding: Binding) -> Accept:
    """The judge of a code element with a required binding."""
    return _accept_code_of(binding.get("valueSet", "").partition("|")[0])


@cache
def _accept_code_of(url: str) -> Accept:
    if url == _MIME_TYPES:
        return _accept_mime_type
    concepts = value_set(url)
    if concepts is None:
        return accept_code
    codes = frozenset(concept.code for concept in concepts)
    fault = _not_in(url, [concept.code for concept in concepts])

    def accept(value: Any) -> Fault | None:
        if type(value) is str and value in codes:
            return None
        return accept_code(value) or fault

    return accept


def coded(type_code: str, binding: Binding) -> Constraint | None:
    """The check of a Coding, CodeableConcept or Quantity element with a required binding."""
    url = binding.get("valueSet", "").partition("|")[0]
    concepts = value_set(url)
    if concepts is None:
        return None
    allowed = frozenset((concept.system, concept.code) for concept in concepts)
    fault = _not_in(url, [concept.code for concept in concepts])

    def check_coding(coding: dict[str, Any], path: Path, context: Context) -> None:
        if not _is_allowed(coding, allowed):
            context.report(fault, path)

    def check_concept(concept: dict[str, Any], path: Path, context: Context) -> None:
        codings = concept.get("coding")
        if not isinstance(codings, list):
            if "extension" not in concept:  # it may say why there is none
                context.report(fault, path)
        elif not any(_is_allowed(coding, allowed) for coding in codings):
            context.report(fault, path)

    return check_concept if type_code == "CodeableConcept" else check_coding


def _is_allowed(coding: Any, allowed: frozenset[tuple[str, str]]) -> bool:
    if not isinstance(coding, dict):
        return False
    system, code = coding.get("system"), coding.get("code")
    return isinstance(system, str) and isinstance(code, str) and (system, code) in allowed


def _accept_mime_type(value: Any) -> Fault | None:
    if type(value) is str and _mime_type(value):
        return None
    return accept_code(value) or _NOT_A_MIME_TYPE


def _not_in(url: str, codes: list[str]) -> Fault:
    if len(codes) > _LISTED:
        return Fault("code-invalid", f"Expected a code of {url}.")
    return Fault("code-invalid", f"Expected a code of {url}: {', '.join(codes)}.")
