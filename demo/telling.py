"""How the story looks in a terminal: one line a step, the links it made below, calm colour only for people.

https://no-color.org
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from demo.client import Unexpected

WIDEST = 110
INDENT = " " * 5
BOLD, DIM, GREEN, RED = "1", "2", "32", "31"


class Telling:
    """Tells a story to `stream`, numbering its steps."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self._width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
        self._begun = time.monotonic()
        self._below: list[str] = []
        self.steps = 0

    def starting(self, text: str) -> None:
        """What happens before the story, which takes a moment."""
        self._write(self._in(DIM, text))

    def afterword(self, text: str) -> None:
        """What to do next."""
        self._write(self._in(DIM, textwrap.fill(text, self._width)))

    def title(self, text: str, place: str) -> None:
        """What is told, and of which server; its time and its steps begin now."""
        self._begun = time.monotonic()
        self.steps = 0
        self._write(f"\n{self._in(BOLD, text)}\n{self._in(DIM, place)}")

    def chapter(self, title: str, says: str = "") -> None:
        """A part of the story, with what the viewer should know of it."""
        rule = "─" * max(self._width - len(title) - 4, 3)
        self._write(f"\n{self._in(DIM, '──')} {self._in(BOLD, title)} {self._in(DIM, rule)}")
        if says:
            self._write(
                self._in(DIM, textwrap.fill(says, self._width, initial_indent="   ", subsequent_indent="   "))
            )

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """One step: its line at once, its time when it is done, then what was noted meanwhile."""
        self.steps += 1
        self._below = []
        head = f" {self.steps:>2}  "
        lines = textwrap.wrap(text, self._width - len(head) - 10) or [""]
        shown = f"\n{INDENT}".join(lines)
        self._write(f"\n{self._in(BOLD, head)}{shown}", end="")
        begun = time.monotonic()
        try:
            yield
        except Exception:
            self._ended(len(head) + len(lines[-1]), begun, "✗", RED)
            raise
        self._ended(len(head) + len(lines[-1]), begun, "✓", GREEN)

    def note(self, text: str) -> None:
        """What the step found."""
        self._below += textwrap.wrap(
            text,
            self._width,
            initial_indent=INDENT,
            subsequent_indent=INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def figure(self, lines: Iterable[str]) -> None:
        """A drawing or a table, as it is."""
        self._below += [f"{INDENT}{line}".rstrip() for line in lines]

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """What is noted meanwhile is not told: it has been told before."""
        below = list(self._below)
        yield
        self._below = below

    def link(self, name: str, url: str) -> None:
        """Where something that the step made can be looked at."""
        self._below.append(f"{INDENT}{name:<22} {self._in(DIM, url)}")

    def failure(self, error: Exception) -> None:
        """What went wrong: the request, the status, the outcome."""
        if isinstance(error, Unexpected):
            lines = [error.asked, error.told, *error.issues]
        else:
            lines = [f"{type(error).__name__}: {error}"]
        lines += getattr(error, "__notes__", ())
        self._write("")
        for line in lines:
            self._write(f"{INDENT}{self._in(RED, line)}")
        self._write(f"\n{self._in(RED, f'The story ended at step {self.steps}.')}\n")

    def summary(self, text: str) -> None:
        """The last word."""
        seconds = time.monotonic() - self._begun
        self._write(f"\n{self._in(GREEN, f'{self.steps} steps in {seconds:.1f} s.')} {text}")

    def _ended(self, used: int, begun: float, sign: str, colour: str) -> None:
        took = f"{time.monotonic() - begun:.2f} s"
        room = max(self._width - used - len(took) - 2, 1)
        self._write(f"{' ' * room}{self._in(DIM, took)} {self._in(colour, sign)}")
        for line in self._below:
            self._write(line)

    def _in(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._coloured else text

    def _write(self, text: str, end: str = "\n") -> None:
        self._stream.write(text + end)
        self._stream.flush()
