"""Running a deployment: real processes, real signals, a real PostgreSQL; the services themselves are tiny."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

PROGRAM = Path(__file__).parent / "dummy_deployment.py"
PATIENCE = 30.0


class Deployment:
    """One run of the program, its output gathered as it comes."""

    def __init__(self, data: Path, port: int, *arguments: str) -> None:
        self.port = port
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "run", *arguments],
            env={**os.environ, "TELEREHAB_DATA": str(data), "TELEREHAB_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def until_ready(self) -> Deployment:
        until(lambda: "is ready" in self.output or self.process.poll() is not None)
        assert "is ready" in self.output, self.output
        return self

    def get(self, path: str, service: int = 0) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port + service, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def is_ready(self, service: int = 0) -> bool:
        try:
            return self.get("/readyz", service)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def process_of(self, service: int) -> int:
        return int(self.get("/", service)[1]["process"])

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status


Start = Callable[..., Deployment]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def postgres_in(data: Path) -> list[psutil.Process]:
    file = data / "postgres" / "postmaster.pid"
    if not file.exists():
        return []
    try:
        process = psutil.Process(int(file.read_text().split()[0]))
    except (psutil.NoSuchProcess, ValueError):
        return []
    return [process] if process.status() != psutil.STATUS_ZOMBIE else []


@pytest.fixture
def start(data_path: Path, base_port: int) -> Iterator[Start]:
    started: list[Deployment] = []

    def run(*arguments: str) -> Deployment:
        started.append(Deployment(data_path, base_port, *arguments))
        return started[-1]

    yield run
    for each in started:
        if each.process.poll() is None:
            each.stop(signal.SIGTERM)


@pytest.mark.parametrize(("how", "number"), [([], signal.SIGINT), (["--separate"], signal.SIGTERM)])
def test_says_what_runs_where_and_stops_cleanly(
    start: Start, data_path: Path, how: list[str], number: int
) -> None:
    deployment = start(*how).until_ready()
    for service in (0, 1):
        assert f"http://127.0.0.1:{deployment.port + service}" in deployment.output
        assert deployment.is_ready(service)
    assert deployment.stop(number) == 0
    assert postgres_in(data_path) == []
    assert "Traceback" not in deployment.output


def test_later_start_is_quick(start: Start) -> None:
    start().until_ready().stop()
    began = time.monotonic()
    start().until_ready()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("how", [[], ["--separate"]])
def test_second_start_on_the_same_data_is_refused(start: Start, base_port: int, how: list[str]) -> None:
    first = start().until_ready()
    second = start(*how)
    assert second.process.wait(PATIENCE) == 1
    until(lambda: f"in use by process {first.process.pid}" in second.output)
    assert first.is_ready()


def test_data_of_a_newer_version_are_refused(start: Start, data_path: Path) -> None:
    data_path.mkdir()
    (data_path / "VERSION").write_text("99\n")
    deployment = start()
    assert deployment.process.wait(PATIENCE) == 1
    until(lambda: "newer version" in deployment.output)


def test_taken_port_is_named(start: Start, data_path: Path, base_port: int) -> None:
    with socket.create_server(("127.0.0.1", base_port + 1)):
        deployment = start()
        assert deployment.process.wait(PATIENCE) == 2
        until(lambda: f"Port {base_port + 1} on 127.0.0.1, for records" in deployment.output)
    assert postgres_in(data_path) == []


def test_taken_port_stops_separate_services_too(start: Start, data_path: Path, base_port: int) -> None:
    with socket.create_server(("127.0.0.1", base_port + 1)):
        deployment = start("--separate")
        assert deployment.process.wait(PATIENCE) == 1
        until(lambda: "records can't run as configured" in deployment.output)
        assert f"records | telerehab: Port {base_port + 1}" in deployment.output
    assert postgres_in(data_path) == []


def test_killed_service_comes_back_while_the_others_serve(start: Start) -> None:
    deployment = start("--separate").until_ready()
    gateway, records = deployment.process_of(0), deployment.process_of(1)
    os.kill(records, signal.SIGKILL)
    until(lambda: '"service.died"' in deployment.output)
    until(lambda: deployment.is_ready(1))
    assert deployment.process_of(1) != records
    assert deployment.process_of(0) == gateway


@pytest.mark.parametrize("how", [[], ["--separate"]])
def test_killed_postgresql_is_started_again(start: Start, data_path: Path, how: list[str]) -> None:
    deployment = start(*how).until_ready()
    [before] = postgres_in(data_path)
    before.kill()
    until(lambda: postgres_in(data_path) not in ([], [before]))
    until(lambda: deployment.is_ready(0) and deployment.is_ready(1))


@pytest.mark.parametrize(("how", "with_postgresql"), [([], False), (["--separate"], True)])
def test_starts_again_after_everything_was_killed(
    start: Start, data_path: Path, how: list[str], with_postgresql: bool
) -> None:
    deployment = start(*how).until_ready()
    processes = {deployment.process_of(0), deployment.process_of(1)} - {deployment.process.pid}
    postgresql = postgres_in(data_path)
    deployment.process.kill()
    deployment.process.wait()
    if with_postgresql:
        postgresql[0].kill()
    until(lambda: not any(_lives(process) for process in processes))  # they follow their supervisor
    assert start(*how).until_ready().is_ready(1)


def _lives(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("how", [[], ["--separate"]])
def test_request_in_progress_is_finished_before_the_end(start: Start, how: list[str]) -> None:
    deployment = start(*how).until_ready()
    connection = http.client.HTTPConnection("127.0.0.1", deployment.port, timeout=10)
    connection.request("GET", "/slow")
    until(lambda: deployment.get("/in-progress")[1]["slow"] == 1)
    deployment.process.send_signal(signal.SIGTERM)
    assert connection.getresponse().status == 200
    assert deployment.process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("request_head", "status", "says"),
    [
        ("GET /" + "a" * 17_000 + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, "URL is longer"),
        ("GET / HTTP/1.1\r\nHost: x\r\n" + "A: " + "b" * 17_000 + "\r\n\r\n", 431, "headers are larger"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: " + "b" * 100_000, 431, "headers are larger"),
        ("GET / HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 4000 + "\r\n", 431, "headers are larger"),
        ("nonsense\r\n\r\n", 400, "not an HTTP/1.1 request"),
    ],
    ids=["long URL", "large header", "header without end", "many headers", "not HTTP"],
)
def test_heads_without_bounds_are_refused(
    bounded: Deployment, request_head: str, status: int, says: str
) -> None:
    with socket.create_connection(("127.0.0.1", bounded.port), timeout=10) as connection:
        connection.sendall(request_head.encode())
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    outcome = json.loads(body)
    assert outcome["resourceType"] == "OperationOutcome"
    assert says in outcome["issue"][0]["diagnostics"]
    assert bounded.is_ready()


@pytest.fixture(scope="module")
def bounded(short_folder: Path, find_base_port: Callable[[], int]) -> Iterator[Deployment]:
    deployment = Deployment(short_folder / "bounded", find_base_port()).until_ready()
    yield deployment
    assert deployment.stop() == 0
