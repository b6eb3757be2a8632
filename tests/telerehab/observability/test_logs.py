"""The log: one JSON object a line, nothing in it that came from a client or a record."""

from __future__ import annotations

import ast
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telerehab.observability import logs
from telerehab.observability.lines import LineWriter
from telerehab.observability.logs import FIELDS, Log, as_line
from telerehab.observability.request import Request, working_on

ROOT = Path(__file__).parents[3]
NAME = "Anna Muster"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Lines]:
    """Configures the log into a file; gives its lines so far."""
    before = (logging.getLogger().handlers[:], logging.getLogger().level)
    file = tmp_path / "log"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    logs.configure("info", "records", descriptor)

    def read() -> list[dict[str, Any]]:
        assert logs._writer is not None
        logs._writer.flush()
        return [json.loads(line) for line in file.read_text().splitlines()]

    yield read
    logs.configure("warning")
    os.close(descriptor)
    logging.getLogger().handlers[:], logging.getLogger().level = before


def test_line_says_what_where_and_in_which_request(lines: Lines) -> None:
    request = Request("outcomes", "abc", None)
    with working_on(request):
        Log("telerehab.x").warning("broker.lost", attempt=3)
    [line] = lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "service": "outcomes",
        "request_id": "abc",
        "trace_id": request.trace.trace_id,
        "code": "broker.lost",
        "attempt": 3,
    }


def test_fields_that_are_not_listed_are_left_out(lines: Lines) -> None:
    Log("telerehab.x").info("patient.merged", name=NAME, count=1)
    [line] = lines()
    assert line["count"] == 1
    assert NAME not in json.dumps(line)


def test_exception_is_shown_by_type_and_place_without_its_text(lines: Lines) -> None:
    try:
        try:
            raise KeyError(NAME)
        except KeyError as cause:
            raise ValueError(f"Key (name)=({NAME}) already exists") from cause
    except ValueError as error:
        Log("telerehab.x").error("http.failed", error)
    [line] = lines()
    assert (line["error"], line["cause"]) == ("ValueError", "KeyError")
    assert any("test_logs.py" in frame for frame in line["where"])
    assert NAME not in json.dumps(line)


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("query failed for %s", (NAME,)),
        (f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{NAME}')>", ()),
        (f"Exception in callback f('{NAME}')", ()),
        (f"duplicate key: {NAME}", ()),
        (f"GET /Patient?name={NAME}", ()),
    ],
)
def test_what_libraries_say_is_cut_before_it_quotes(
    lines: Lines, message: str, arguments: tuple[str, ...]
) -> None:
    logging.getLogger("asyncio").error(message, *arguments)
    [line] = lines()
    assert line["code"] == "library"
    assert line["message"]
    assert NAME not in json.dumps(line)


@given(st.text(), st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text() | st.integers(-(2**40), 2**40)))
def test_every_record_is_one_line_of_json(message: str, fields: dict[str, Any]) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, message, None, None)
    record.fields = fields
    line = as_line(record)
    assert line.count(b"\n") == 1
    assert json.loads(line)["level"] == "info"


def test_uvicorn_logs_no_requests_of_its_own(lines: Lines) -> None:
    access = logging.getLogger("uvicorn.access")
    assert not access.propagate


def test_lines_are_dropped_when_nobody_reads_them() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(writing)
    writer.write(b"lost\n")
    writer.flush()
    writer.close()
    os.close(writing)
    assert writer.dropped == 1


def test_long_lines_to_a_slow_reader_arrive_whole() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(writing)
    expected = [b"%07d" % number * 1000 + b"\n" for number in range(100)]
    for line in expected:
        writer.write(line)
    with os.fdopen(reading, "rb") as reader:
        assert [reader.readline() for _ in expected] == expected
    writer.close()
    os.close(writing)


def calls_of_log() -> Iterator[tuple[str, ast.Call]]:
    for top in ("telerehab", "services"):
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in ("_log", "log", "logger", "_logger")
                    and node.func.attr
                    in ("debug", "info", "warning", "error", "exception", "critical", "log")
                ):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _code(call: ast.Call) -> bool:
    match call.args:
        case [ast.Constant(value=str(code)), *_]:
            return bool(logs._CODE.fullmatch(code))
        case [ast.JoinedStr(), *_]:  # the handler lets only what looks like a code pass
            return True
    return False


def test_every_call_of_the_log_has_a_literal_code_and_listed_fields() -> None:
    wrong = [
        place
        for place, call in calls_of_log()
        if not (_code(call) and {keyword.arg for keyword in call.keywords} <= FIELDS | {"error"})
    ]
    assert wrong == []
