"""Every outcome the API can give, as values: an `Issue`, an error that carries issues, and the table of usual ones.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One OperationOutcome.issue.

    `code` is from issue-type, `diagnostics` a sentence for the caller, `expression` the FHIRPath of the element
    (or `http.<header>`, or the search parameter) it is about.
    """

    code: str
    diagnostics: str
    expression: str | None = None
    severity: Severity = "error"

    def as_json(self) -> dict[str, Any]:
        """The issue as an OperationOutcome.issue element."""
        element: dict[str, Any] = {
            "severity": self.severity,
            "code": self.code,
            "diagnostics": self.diagnostics,
        }
        if self.expression:
            element["expression"] = [self.expression]
        return element

    def at(self, prefix: str) -> Issue:
        """The same issue, located inside `prefix` (a bundle entry)."""
        where = f"{prefix}.{self.expression}" if self.expression else prefix
        return Issue(self.code, self.diagnostics, where, self.severity)


class FhirError(Exception):
    """A request that ends in an error answer: an HTTP status and at least one issue.

    `headers` go out with the answer (Retry-After, Allow, WWW-Authenticate).
    """

    def __init__(self, status: int, issues: Sequence[Issue], headers: dict[str, str] | None = None) -> None:
        super().__init__(status, "; ".join(issue.diagnostics for issue in issues))
        self.status = status
        self.issues = tuple(issues)
        self.headers = headers or {}

    def at(self, prefix: str) -> FhirError:
        """The same error, each issue located inside `prefix`."""
        return FhirError(self.status, [issue.at(prefix) for issue in self.issues], self.headers)


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome resource; without issues it says that all went well."""
    listed = list(issues) or [Issue("informational", "All OK", severity="information")]
    return {"resourceType": "OperationOutcome", "issue": [issue.as_json() for issue in listed]}


def _error(
    status: int, code: str, diagnostics: str, expression: str | None = None, **headers: str
) -> FhirError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return FhirError(status, [Issue(code, diagnostics, expression)], named)


def bad_request(diagnostics: str, expression: str | None = None, code: str = "invalid") -> FhirError:
    return _error(400, code, diagnostics, expression)


def malformed_json(diagnostics: str) -> FhirError:
    return _error(400, "structure", f"The body is not acceptable JSON: {diagnostics}.")


def unknown_type(name: str) -> FhirError:
    return _error(404, "not-supported", f"'{name[:64]}' is not a FHIR R4 resource type.")


def not_found(type_: str, id_: str) -> FhirError:
    return _error(404, "not-found", f"{type_}/{id_} is not known here.")


def gone(type_: str, id_: str) -> FhirError:
    return _error(410, "deleted", f"{type_}/{id_} has been deleted.")


def not_allowed(method: str, allowed: Sequence[str]) -> FhirError:
    return _error(
        405,
        "not-supported",
        f"{method} is not allowed here; use {', '.join(allowed)}.",
        Allow=", ".join(allowed),
    )


def not_acceptable(wanted: str) -> FhirError:
    return _error(406, "not-supported", f"Only JSON is served, not '{wanted[:80]}'.", "http.Accept")


def conflict(diagnostics: str, expression: str | None = None) -> FhirError:
    return _error(409, "conflict", diagnostics, expression)


def busy() -> FhirError:
    return _error(
        409, "transient", "Others keep changing what this request builds on; try again.", Retry_After="1"
    )


def version_mismatch(type_: str, id_: str) -> FhirError:
    return _error(
        412, "conflict", f"{type_}/{id_} has another current version than If-Match says.", "http.If-Match"
    )


def multiple_matches(criteria_of: str) -> FhirError:
    return _error(412, "multiple-matches", f"More than one {criteria_of} matches the criteria.")


def too_large(diagnostics: str) -> FhirError:
    return _error(413, "too-long", diagnostics)


def unsupported_media_type(got: str) -> FhirError:
    return _error(
        415,
        "not-supported",
        f"'{got[:80]}' is not accepted; send application/fhir+json.",
        "http.Content-Type",
    )


def unprocessable(issues: Sequence[Issue]) -> FhirError:
    return FhirError(422, issues)


def too_costly(diagnostics: str) -> FhirError:
    return _error(400, "too-costly", diagnostics)


def unavailable(diagnostics: str) -> FhirError:
    return _error(503, "transient", diagnostics, Retry_After="2")


def internal(request_id: str) -> FhirError:
    return _error(
        500, "exception", f"Something failed on our side; the log has it under request {request_id}."
    )
