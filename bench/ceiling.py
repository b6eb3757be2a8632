"""The ceiling: an ASGI app that does nothing but one plain statement, with the server and driver that we have.

`python -m bench.ceiling DSN PORT` serves it on loopback until SIGTERM.
https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import Any
from uuid import uuid4

import asyncpg
import uvicorn

from telerehab.observability.asgi import Receive, Scope, Send

CONNECTIONS = 8
TABLE = "bench.plain"
_HEADERS = [(b"content-type", b"application/fhir+json")]


class Ceiling:
    """GET /ID selects a text by key, POST inserts the body as text and answers it; each connection holds both."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._free: deque[tuple[Any, Any]] = deque()
        self._waiting: deque[asyncio.Future[tuple[Any, Any]]] = deque()

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(self._dsn)
            self._free.append(
                (
                    await connection.prepare(f"SELECT content FROM {TABLE} WHERE id = $1"),
                    await connection.prepare(f"INSERT INTO {TABLE} VALUES ($1, $2)"),
                )
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"] if scope["method"] == "POST" else b""
        held = self._free.popleft() if self._free else await self._turn()
        try:
            if scope["method"] == "POST":
                await held[1].fetch(str(uuid4()), body.decode())
                status = 201
            else:
                body = (await held[0].fetch(scope["path"][1:]))[0][0].encode()
                status = 200
        finally:
            self._release(held)
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _turn(self) -> tuple[Any, Any]:
        waiter: asyncio.Future[tuple[Any, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        return await waiter

    def _release(self, held: tuple[Any, Any]) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(held)
        else:
            self._free.append(held)


async def serve(dsn: str, port: int) -> None:
    app = Ceiling(dsn)
    await app.open()
    config = uvicorn.Config(
        app, port=port, http="httptools", lifespan="off", access_log=False, log_level="error"
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
