"""A transaction over several owners: resolve, plan at the owners, commit once, answer.

https://hl7.org/fhir/R4/http.html#transaction
"""

from services.gateway.transaction.run import transaction

__all__ = ["transaction"]
