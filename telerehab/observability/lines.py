"""Lines of the log on their way out: gathered in memory, written by a thread, so that no request waits for the pipe."""

from __future__ import annotations

import os
import threading
from collections import deque

GATHER_SECONDS = 0.05
MOST_WAITING = 20_000


class LineWriter:
    """Writes whole lines to a file descriptor; when nobody reads it and memory fills, new lines are dropped."""

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._waiting: deque[bytes] = deque()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="log lines", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Take one line, newline included; it is written within a moment."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(line)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self) -> None:
        """Write everything taken so far."""
        with self._writing:
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            data = memoryview(b"".join(lines))
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError:
                self.dropped += len(lines)  # nobody reads the log any more; work goes on

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._stop.set()
        self._wake.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._stop.wait(GATHER_SECONDS)
            self._wake.clear()
            self.flush()
