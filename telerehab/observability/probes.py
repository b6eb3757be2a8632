"""`/livez`, `/readyz`, `/metrics`: what orchestrators and monitoring ask a process, as plain ASGI.

https://kubernetes.io/docs/reference/using-api/health-checks/
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from telerehab.observability.asgi import Receive, Scope, Send, respond
from telerehab.observability.logs import Log
from telerehab.observability.metrics import Metrics

CHECK_SECONDS = 2.0
Check = Callable[[], Awaitable[object]]

_log = Log(__name__)


class Probes:
    """The probes of one service. It is ready once `ready` is set and while every check returns in time.

    A check raises when what it looks at is missing. Neighbours are no business of readiness: a service works alone.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.ready = False
        self.checks: dict[str, Check] = {}
        self._metrics = metrics
        self._failing: set[str] = set()
        self.paths = {"/livez": self.livez, "/readyz": self.readyz, "/metrics": self.metrics}

    async def livez(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 whenever the event loop turns."""
        await respond(send, 200, b'{"status":"alive"}')

    async def readyz(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 or 503, and which check failed."""
        results = await self.results()
        ready = self.ready and all(results.values())
        status = "ready" if ready else ("unavailable" if self.ready else "starting or stopping")
        checks = {name: "ok" if passed else "failed" for name, passed in results.items()}
        await respond(send, 200 if ready else 503, orjson.dumps({"status": status, "checks": checks}))

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The metrics in the Prometheus text format."""
        await respond(send, 200, self._metrics.exposition(), self._metrics.content_type)

    async def results(self) -> dict[str, bool]:
        """Which checks pass right now."""
        passed = await asyncio.gather(*(self._passes(name, check) for name, check in self.checks.items()))
        return dict(zip(self.checks, passed, strict=True))

    async def _passes(self, name: str, check: Check) -> bool:
        try:
            await asyncio.wait_for(check(), CHECK_SECONDS)
        except Exception as error:
            if name not in self._failing:
                _log.warning("readiness.failed", error, reason_code=name)
            self._failing.add(name)
            return False
        if name in self._failing:
            _log.info("readiness.regained", reason_code=name)
        self._failing.discard(name)
        return True
