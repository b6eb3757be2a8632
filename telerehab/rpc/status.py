"""FHIR errors as gRPC errors and back: the status code for gRPC, the OperationOutcome itself beside it.

https://grpc.io/docs/guides/status-codes/
"""

from __future__ import annotations

from typing import NoReturn

import grpc
from grpc.aio import AioRpcError, ServicerContext

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, operation_outcome, unavailable

OUTCOME_KEY = "operation-outcome-bin"
STATUS_KEY = "http-status"
HEADER_PREFIX = "http-header-"
MAX_ISSUES = 200  # an error travels in metadata, which is no place for thousands of issues
MAX_METADATA = 1 << 20  # bytes; the outcome is kept below half of it

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    405: grpc.StatusCode.UNIMPLEMENTED,
    409: grpc.StatusCode.ABORTED,
    410: grpc.StatusCode.NOT_FOUND,
    412: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


def code_of(status: int) -> grpc.StatusCode:
    """The gRPC code that fits an HTTP status of an error."""
    fallback = grpc.StatusCode.INVALID_ARGUMENT if status < 500 else grpc.StatusCode.INTERNAL
    return _CODES.get(status, fallback)


async def abort(context: ServicerContext, error: FhirError) -> NoReturn:
    """End the call with `error`; the status text says nothing that the outcome does not."""
    metadata: list[tuple[str, str | bytes]] = [
        (STATUS_KEY, str(error.status)),
        (OUTCOME_KEY, json.dump(operation_outcome(_bounded(error)))),
        *((HEADER_PREFIX + name.lower(), value) for name, value in error.headers.items()),
    ]
    await context.abort(code_of(error.status), error.issues[0].code, tuple(metadata))
    raise AssertionError("abort raises")


def fhir_error(error: AioRpcError, owner: str) -> FhirError:
    """What a failed call to `owner` means to a FHIR client, unless it was the time that ran out."""
    metadata = dict(error.trailing_metadata() or ())
    outcome = metadata.get(OUTCOME_KEY)
    if outcome is not None:
        headers = {
            name.removeprefix(HEADER_PREFIX).title(): value
            for name, value in metadata.items()
            if name.startswith(HEADER_PREFIX)
        }
        return FhirError(int(metadata[STATUS_KEY]), issues_of(json.parse_object(outcome)), headers)
    match error.code():
        case grpc.StatusCode.UNAVAILABLE:
            return owner_unavailable(owner)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return FhirError(413, [Issue("too-long", "The request or its answer is too large.")])
        case code:
            return FhirError(502, [Issue("exception", f"The service '{owner}' failed: {code.name}.")])


def is_told(error: AioRpcError) -> bool:
    """Whether the owner itself said what is wrong."""
    return OUTCOME_KEY in dict(error.trailing_metadata() or ())


def issues_of(outcome: JsonObject) -> list[Issue]:
    """The issues of an OperationOutcome."""
    return [
        Issue(
            issue["code"],
            issue.get("diagnostics", ""),
            next(iter(issue.get("expression", ())), None),
            issue["severity"],
        )
        for issue in outcome["issue"]
    ]


def owner_unavailable(owner: str) -> FhirError:
    return unavailable(f"The service '{owner}' is not available.")


def owner_silent(owner: str) -> FhirError:
    """It took longer than it may with something that can be asked again."""
    return unavailable(f"The service '{owner}' did not answer in time.")


def effect_unknown(owner: str) -> FhirError:
    """It took longer than it may with something that may change what is stored."""
    told = (
        f"The service '{owner}' did not answer in time: whether this took effect is not known. Read before you repeat "
        "it, or repeat it with the Idempotency-Key it had."
    )
    return FhirError(504, [Issue("timeout", told)], {"Retry-After": "2"})


def deadline_exceeded() -> FhirError:
    return FhirError(504, [Issue("timeout", "The request took longer than it may.")], {"Retry-After": "2"})


def _bounded(error: FhirError) -> list[Issue]:
    room = MAX_METADATA // 2
    kept: list[Issue] = []
    for issue in error.issues[:MAX_ISSUES]:
        room -= 200 + 6 * (len(issue.diagnostics) + len(issue.expression or ""))
        if kept and room < 0:
            break
        kept.append(issue)
    left_out = len(error.issues) - len(kept)
    if left_out:
        kept.append(Issue("informational", f"{left_out} more issues are not shown.", severity="information"))
    return kept
