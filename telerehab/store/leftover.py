"""What a killed PostgreSQL leaves behind: processes that still use its folder, and a file naming a dead one.

https://www.postgresql.org/docs/18/server-shutdown.html
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

STOP_SECONDS = 30


def is_running(pgdata: Path) -> bool:
    """Whether the process that postmaster.pid names lives and is the server of this folder."""
    return _server(pgdata) is not None


def clear_leftover(pgdata: Path) -> None:
    """Stop whatever still runs on the folder and drop its postmaster.pid.

    The caller holds the data folder, so nobody else can be using it on purpose. The number in postmaster.pid
    may by now belong to any process, most likely so in a container: only those that work in this folder are
    touched.
    """
    file = pgdata / "postmaster.pid"
    if not file.exists():
        return
    server = _server(pgdata)
    if server is not None:
        _end([server], lambda process: process.send_signal(signal.SIGINT))  # a "fast" shutdown
    _end(_processes_in(pgdata), psutil.Process.kill)
    _remove_socket(file, pgdata)
    file.unlink(missing_ok=True)


def _server(pgdata: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(int((pgdata / "postmaster.pid").read_text().split("\n", 1)[0]))
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process if _works_in(process, pgdata) else None


def _processes_in(pgdata: Path) -> list[psutil.Process]:
    named = [process for process in psutil.process_iter(["name"]) if process.info["name"] == "postgres"]
    return [process for process in named if _works_in(process, pgdata)]


def _works_in(process: psutil.Process, pgdata: Path) -> bool:
    try:
        return (
            process.name() == "postgres"
            and process.status() != psutil.STATUS_ZOMBIE
            and os.path.samefile(process.cwd(), pgdata)
        )
    except (psutil.Error, OSError):
        return False


def _end(processes: list[psutil.Process], signal_it: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        try:
            signal_it(process)
        except psutil.NoSuchProcess:
            continue
    deadline = time.monotonic() + STOP_SECONDS
    while any(_is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _remove_socket(postmaster_pid: Path, pgdata: Path) -> None:
    lines = postmaster_pid.read_text().split("\n") if postmaster_pid.exists() else []
    folder = Path(lines[4]) if len(lines) > 4 and lines[4] else pgdata
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (folder / name).unlink(missing_ok=True)
    if folder != pgdata and folder.exists():
        folder.rmdir()
