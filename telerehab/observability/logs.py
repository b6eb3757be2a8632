"""The log: one JSON object a line, with codes and chosen fields only, so that no patient's data can get into it.

A line says what happened by a code ("postgresql.started"); details are fields, each of which must be listed in
`FIELDS`. Exceptions appear with their type and where they arose, never with their text, for that may quote a
client or a database row. https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html
"""

from __future__ import annotations

import atexit
import logging
import re
import time
import traceback
from types import TracebackType
from typing import Any

import orjson

from telerehab.observability.lines import LineWriter
from telerehab.observability.request import current_request

FIELDS = frozenset(
    {
        "address", "attempt", "bytes", "count", "event_type", "exit_code", "file", "grpc_port", "handler",
        "interaction", "migration", "milliseconds", "offset", "port", "process", "reason_code", "seconds",
        "service", "signal", "sqlstate", "status", "topic", "type", "version",
    }
)  # fmt: skip
LONGEST_VALUE = 300
_CODE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*", re.ASCII)
_MADE_UP = re.compile(r"[\n(<{\[\"':=]")  # where a message of a library goes over to quoting values

_writer: LineWriter | None = None
_access = False
_second, _prefix = 0, b""


class Log:
    """The log of one module: `log = Log(__name__)`, then `log.info("broker.connected", port=9092)`.

    Codes are literals, lower case, dotted; fields are from `FIELDS` (a test checks every call).
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, code: str, **fields: Any) -> None:
        self._logger.debug(code, extra={"fields": fields})

    def info(self, code: str, **fields: Any) -> None:
        self._logger.info(code, extra={"fields": fields})

    def warning(self, code: str, error: BaseException | None = None, **fields: Any) -> None:
        self._logger.warning(code, exc_info=error, extra={"fields": fields})

    def error(self, code: str, error: BaseException | None = None, **fields: Any) -> None:
        self._logger.error(code, exc_info=error, extra={"fields": fields})


def configure(level: str, service: str = "", descriptor: int = 2) -> None:
    """Send the log of the whole process to a file descriptor (stderr), from `level` on.

    `service` names the process in lines that belong to no request.
    """
    global _writer, _access
    if _writer is not None:
        _writer.close()
        atexit.unregister(_writer.close)
    _writer = LineWriter(descriptor)
    atexit.register(_writer.close)
    _access = level in ("debug", "info")
    root = logging.getLogger()
    root.handlers[:] = [_JsonHandler(_writer, service)]
    root.setLevel(level.upper())
    for name in (
        "asyncio",
        "grpc",
        "httpx",
        "httpcore",
        "uvicorn",
        "uvicorn.error",
        "kafka",
    ):
        foreign = logging.getLogger(name)
        foreign.handlers[:] = []
        foreign.propagate = True
        foreign.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").propagate = False  # it would log query strings


def write_line(line: dict[str, Any]) -> None:
    """Write one line of level info whose fields are known to be fit; the quick way, for the access log."""
    if _writer is not None and _access:
        _writer.write(b'{"time":"' + timestamp() + b'",' + orjson.dumps(line)[1:] + b"\n")


def timestamp(now: float | None = None) -> bytes:
    """The time (UTC, RFC 3339 with milliseconds)."""
    global _second, _prefix
    now = time.time() if now is None else now
    second = int(now)
    if second != _second:
        _prefix = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()
        _second = second
    return b"%s.%03dZ" % (_prefix, (now - second) * 1000)


class _JsonHandler(logging.Handler):
    def __init__(self, writer: LineWriter, service: str) -> None:
        super().__init__()
        self._writer = writer
        self._service = service

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.write(as_line(record, self._service))
        if record.levelno >= logging.ERROR:
            self._writer.flush()  # it may be the last thing this process says


def as_line(record: logging.LogRecord, service: str = "") -> bytes:
    """The line of one log record, newline included."""
    line: dict[str, Any] = {"time": timestamp(record.created).decode(), "level": record.levelname.lower()}
    if service:
        line["service"] = service
    request = current_request()
    if request is not None:
        line |= {"service": request.service, "request_id": request.id, "trace_id": request.trace.trace_id}
    fields = getattr(record, "fields", None)
    if fields is not None and _CODE.fullmatch(record.msg):
        line["code"] = record.msg
        line |= {name: _shown(value) for name, value in fields.items() if name in FIELDS}
    else:
        line |= {"code": "library", "logger": record.name, "message": _template(record)}
    if record.exc_info and record.exc_info[1] is not None:
        line |= _failure(record.exc_info[1])
    return orjson.dumps(line) + b"\n"


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:LONGEST_VALUE]


def _template(record: logging.LogRecord) -> str:
    """What a library says, without the values it would fill in or has filled in."""
    message = str(record.msg)
    return message[:LONGEST_VALUE] if record.args else _MADE_UP.split(message, 1)[0].strip()[:LONGEST_VALUE]


def _failure(error: BaseException) -> dict[str, Any]:
    failure: dict[str, Any] = {"error": _type_name(error), "where": _where(error.__traceback__)}
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        failure["sqlstate"] = sqlstate
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        failure |= {"cause": _type_name(cause), "cause_where": _where(cause.__traceback__)}
    return failure


def _type_name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _where(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-8:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
