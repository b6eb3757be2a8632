"""What surrounds every gRPC call that a service answers: request id, trace, deadline, errors, a count.

https://grpc.io/docs/guides/interceptors/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import grpc
from grpc.aio import AbortError, ServerInterceptor, ServicerContext

from telerehab.fhir.outcome import FhirError, Issue, internal, unavailable
from telerehab.observability import Log, Metrics, Request, current_request, working_on
from telerehab.observability.metrics import SECONDS
from telerehab.rpc.credentials import may_call, names_of
from telerehab.rpc.deadlines import REQUEST_SECONDS, within
from telerehab.rpc.status import abort, code_of

REQUEST_ID_KEY = "x-request-id"
TRACEPARENT_KEY = "traceparent"
MOST_CALLS = 512
"""Calls answered at a time. None waits for its turn: two services would wait for each other for ever."""

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

    def __init__(
        self,
        service: str,
        metrics: Metrics | None = None,
        *,
        known_callers: bool = False,
        most: int = MOST_CALLS,
    ) -> None:
        self._service = service
        self._known_callers = known_callers
        counted = "gRPC calls answered, by method and status"
        metrics = metrics or Metrics(service)
        self._calls = metrics.counter("rpc_calls", counted, ["method", "code"])
        timed = "Time to answer a gRPC call, by method"
        self._seconds = metrics.histogram("rpc_seconds", timed, ["method"], SECONDS)
        self._progress = metrics.settable_gauge("rpc_calls_in_progress", "gRPC calls that are being answered")
        self._most = most
        self._running = 0

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
            if self._running >= self._most:
                self._count(name, grpc.StatusCode.UNAVAILABLE)
                await abort(context, unavailable("This service has too many calls to answer at the moment."))
            request = Request(self._service, metadata.get(REQUEST_ID_KEY), metadata.get(TRACEPARENT_KEY))
            seconds = context.time_remaining()
            with (
                self._in_progress(name),
                working_on(request),
                within(REQUEST_SECONDS if seconds is None else seconds),
            ):
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

    @contextmanager
    def _in_progress(self, name: str) -> Iterator[None]:
        self._running += 1
        self._progress.set(self._running)
        started = perf_counter()
        try:
            yield
        finally:
            self._running -= 1
            self._progress.set(self._running)
            self._seconds.labels(name).observe(perf_counter() - started)

    def _count(self, name: str, code: grpc.StatusCode) -> None:
        self._calls.labels(name, code.name).inc()
