"""What a search can be refused for, each naming the parameter.

https://hl7.org/fhir/R4/search.html#errors
"""

from __future__ import annotations

from telerehab.fhir.outcome import FhirError, bad_request


def unknown_parameter(resource: str, name: str) -> FhirError:
    return bad_request(f"{resource} has no search parameter '{name[:64]}'.", name[:64], "not-supported")


def not_supported(name: str, why: str) -> FhirError:
    return bad_request(f"Search by '{name[:64]}' is not supported: {why}.", name[:64], "not-supported")


def unknown_modifier(code: str, modifier: str) -> FhirError:
    return bad_request(
        f"'{code}' does not support the modifier ':{modifier[:64]}'.",
        f"{code}:{modifier[:64]}",
        "not-supported",
    )


def malformed(name: str, expected: str) -> FhirError:
    return bad_request(f"The value of '{name[:64]}' is not {expected}.", name[:64], "value")


def not_in_memory() -> FhirError:
    told = "Chains, _has and hierarchies ask other resources: they are for searches, not for looking at one resource."
    return bad_request(told, code="not-supported")
