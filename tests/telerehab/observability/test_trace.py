"""Trace context: continued where the header is sound, begun anew where it is not."""

from __future__ import annotations

import pytest

from telerehab.observability.trace import continue_trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("header", [f"00-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-more"])
def test_trace_is_continued_with_an_own_span(header: str) -> None:
    trace = continue_trace(header)
    assert (trace.trace_id, trace.flags) == (TRACE, "01")
    assert trace.span_id != SPAN
    assert trace.traceparent == f"00-{TRACE}-{trace.span_id}-01"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_unsound_header_begins_a_new_trace(header: str | None) -> None:
    trace = continue_trace(header)
    assert trace.trace_id != TRACE
    assert continue_trace(trace.traceparent).trace_id == trace.trace_id
