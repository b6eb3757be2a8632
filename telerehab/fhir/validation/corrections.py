"""Invariants of R4 that are known to say something other than their text: what is evaluated in their place.

docs/decisions/0079-invariants-are-evaluated.md
"""

from __future__ import annotations

CORRECTED: dict[str, str] = {
    # asks for FHIRPath's Boolean, which no element is; R4B and R5 ask for FHIR's boolean
    "que-7": "operator = 'exists' implies (answer is boolean)",
    # leave open what is no number at all
    "eld-3": "empty() or $this = '*' or (toInteger().exists() and toInteger() >= 0)",
    "md-1": "max = '*' or (max.toInteger().exists() and max.toInteger() > 0)",
    # says nothing of a document or message without any entry, whose first entry its text demands
    "bdl-11": "type = 'document' implies entry.first().resource.ofType(Composition).exists()",
    "bdl-12": "type = 'message' implies entry.first().resource.ofType(MessageHeader).exists()",
}
"""By constraint key."""
