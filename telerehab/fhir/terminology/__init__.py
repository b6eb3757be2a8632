"""Code systems and value sets: what is in them, what a code means, which code contains which.

https://hl7.org/fhir/R4/terminology-module.html
"""

from telerehab.fhir.terminology.definitions import codings_above, codings_below, codings_in

__all__ = ["codings_above", "codings_below", "codings_in"]
