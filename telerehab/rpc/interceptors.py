"""What surrounds every gRPC call that a service answers: request id, trace, deadline, errors, a count.

https://grpc.io/docs/guides/interceptors/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc.aio import AbortError, ServerInterceptor, ServicerContext

from telerehab.fhir.outcome import FhirError, Issue, internal
from telerehab.observability import Log, Metrics, Request, current_request, working_on
from telerehab.rpc.credentials import may_call, names_of
from telerehab.rpc.deadlines import REQUEST_SECONDS, within
from telerehab.rpc.status import abort, code_of

REQUEST_ID_KEY = "x-request-id"
TRACEPARENT_KEY = "traceparent"

Method = Callable[[Any, Any], Awaitable[Any]]
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler | None]]

_log = Log(__name__)


def outgoing_metadata() -> list[tuple[str, str]]:
    """What a call carries of the request it serves."""
    request = current_request()
    if request is None:
        return []
    return [(REQUEST_ID_KEY, request.id), (TRACEPARENT_KEY, request.trace.traceparent)]


class Surround(ServerInterceptor):  # type: ignore[misc]
    """Makes each unary call a piece of work of `service`, and its FhirError a gRPC error with the outcome beside it.

    With `known_callers`, only those whose certificate says that they may call the method are answered.
    """

    def __init__(self, service: str, metrics: Metrics | None = None, *, known_callers: bool = False) -> None:
        self._service = service
        self._known_callers = known_callers
        counted = "gRPC calls answered, by method and status"
        self._calls = metrics.counter("rpc_calls", counted, ["method", "code"]) if metrics else None

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler | None:
        handler = await continuation(details)
        if handler is None or handler.request_streaming or handler.response_streaming:
            return handler
        return grpc.unary_unary_rpc_method_handler(
            self._surrounded(details.method, handler.unary_unary, dict(details.invocation_metadata)),
            handler.request_deserializer,
            handler.response_serializer,
        )

    def _surrounded(self, name: str, method: Method, metadata: dict[str, Any]) -> Method:
        async def answer(message: Any, context: ServicerContext) -> Any:
            if self._known_callers and not may_call(names_of(context.auth_context()), name):
                self._count(name, grpc.StatusCode.PERMISSION_DENIED)
                await abort(
                    context, FhirError(403, [Issue("forbidden", "Your certificate may not call this.")])
                )
            request = Request(self._service, metadata.get(REQUEST_ID_KEY), metadata.get(TRACEPARENT_KEY))
            seconds = context.time_remaining()
            with working_on(request), within(REQUEST_SECONDS if seconds is None else seconds):
                try:
                    answered = await method(message, context)
                except FhirError as error:
                    self._count(name, code_of(error.status))
                    await abort(context, error)
                except AbortError:
                    raise
                except Exception as error:
                    _log.error("rpc.failed", error)
                    self._count(name, grpc.StatusCode.INTERNAL)
                    await abort(context, internal(request.id))
                self._count(name, grpc.StatusCode.OK)
                return answered

        return answer

    def _count(self, name: str, code: grpc.StatusCode) -> None:
        if self._calls is not None:
            self._calls.labels(name, code.name).inc()
