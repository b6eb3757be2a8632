"""The platform in processes of its own behind proxies, every part of which can be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import psutil

from demo.deployment import free_port
from telerehab.owners import SERVICES
from telerehab.running.supervisor import MISCONFIGURED
from telerehab.settings import GATEWAY, PREFIX
from telerehab.store import embedded
from telerehab.store.data_folder import DataFolder
from tests.faults.breakable import until
from tests.faults.nemesis.proxy import Proxy
from tests.faults.nemesis.schedule import KAFKA, POSTGRESQL, STANDBY, Strike
from tests.kafka.server import KafkaServer

PARTS = (GATEWAY, *SERVICES)
READY_SECONDS = 180.0  # while it is still written to, on two cores


class Platform:
    """One platform; `client_base` is behind the proxy, `base` is the gateway itself, `dsn` the database itself."""

    def __init__(self, folder: Path, kafka_classpath: str | None) -> None:
        self._stack = ExitStack()
        self._log = folder / "services.log"
        self._data = self._stack.enter_context(DataFolder(folder / "data"))
        self._server = embedded.start(self._data)
        self._stack.callback(lambda: self._server.stop())
        port = free_port()
        self.dsn = self._server.dsn()
        self.base = f"http://127.0.0.1:{port}/fhir/R4"
        self._proxies = {
            GATEWAY: Proxy(("127.0.0.1", port)),
            POSTGRESQL: Proxy(self._server.socket_folder / ".s.PGSQL.5432"),
        }
        self.kafka: KafkaServer | None = None
        if kafka_classpath is not None:
            self._proxies[KAFKA] = Proxy()
            through = f"127.0.0.1:{self._proxies[KAFKA].port}"
            self.kafka = KafkaServer(folder / "kafka", kafka_classpath, advertised=through)
            self._proxies[KAFKA].target = ("127.0.0.1", int(self.kafka.address.rpartition(":")[2]))
            self.kafka.start()
            self._stack.callback(self._end_kafka)
        for proxy in self._proxies.values():
            self._stack.callback(proxy.close)
        self.client_base = f"http://127.0.0.1:{self._proxies[GATEWAY].port}/fhir/R4"
        password = self._server.password(embedded.SUPERUSER)
        place = f"127.0.0.1:{self._proxies[POSTGRESQL].port}/{embedded.DATABASE}?sslmode=disable"
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._environment |= {
            f"{PREFIX}DATABASE_URL": f"postgresql://{embedded.SUPERUSER}:{password}@{place}",
            f"{PREFIX}PORT": str(port),
        }
        if self.kafka is not None:
            self._environment[f"{PREFIX}KAFKA"] = f"127.0.0.1:{self._proxies[KAFKA].port}"
        self._ports = {name: port + number for number, name in enumerate(PARTS)}
        self._ports[STANDBY] = free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stack.callback(self._end_services)

    def start(self) -> None:
        """Prepare the database and the topics, start every part and wait until all are ready."""
        prepared = [("database", "init"), *([("events", "topics")] if self.kafka else [])]
        for arguments in prepared:
            command = [sys.executable, "-m", "telerehab.cli", *arguments]
            done = subprocess.run(
                command, env=self._environment, check=False, capture_output=True, timeout=120
            )
            assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")[-3000:]
        for name in (*PARTS, STANDBY):
            self._start(name)
        self.heal()

    def close(self) -> None:
        """End everything, also what is frozen or half started."""
        self._stack.close()

    def strike(self, strike: Strike) -> None:
        """Do it; when this returns, what was killed is being started, and what was frozen goes on."""
        if strike.kind not in ("kill", "freeze"):
            self._proxies[strike.target].strike(strike.kind, strike.seconds)
        elif strike.kind == "freeze":
            self._freeze(strike.target, strike.seconds)
        elif strike.target == POSTGRESQL:
            self._kill_postgresql(strike.seconds)
        elif strike.target == KAFKA:
            assert self.kafka is not None
            self.kafka.kill()
            time.sleep(strike.seconds)
            self.kafka.start()
        else:
            self._running[strike.target].kill()
            self._running[strike.target].wait()
            time.sleep(strike.seconds)
            self._start(strike.target)

    def heal(self) -> None:
        """Until every part answers that it is ready."""
        for name in (*PARTS, STANDBY):
            until(partial(self._is_ready, name), f"{name} to be ready", READY_SECONDS)

    def _start(self, name: str) -> None:
        service, environment = name, dict(self._environment)
        if name == STANDBY:
            service, port = "scheduling", self._ports[STANDBY]
            own = f"{PREFIX}SCHEDULING_"
            environment |= {f"{own}PORT": str(port), f"{own}GRPC_PORT": str(port + 1000)}
        with self._log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "telerehab.cli", "run", service],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_ready(self, name: str) -> bool:
        """Starts it where it does not run: a service that can't reach what it needs when it starts ends by itself."""
        process = self._running.get(name)
        if process is None or process.poll() is not None:
            misconfigured = process is not None and process.returncode == MISCONFIGURED
            assert not misconfigured, f"{name} can't run as configured:\n{self._last_lines()}"
            self._start(name)
        try:
            url = f"http://127.0.0.1:{self._ports[name]}/readyz"
            return httpx.get(url, trust_env=False, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _last_lines(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]

    def _freeze(self, target: str, seconds: float) -> None:
        if target == POSTGRESQL:
            first = self._postmaster()
            frozen = [first, *first.children(recursive=True)]
        else:
            pid = self.kafka.process.pid if target == KAFKA and self.kafka else self._running[target].pid
            frozen = [psutil.Process(pid)]
        try:
            _signal(frozen, signal.SIGSTOP)
            time.sleep(seconds)
        finally:
            _signal(frozen, signal.SIGCONT)

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self._server.pgdata / "postmaster.pid").read_text().split()[0]))

    def _kill_postgresql(self, seconds: float) -> None:
        self._postmaster().kill()
        time.sleep(seconds)
        self._server = embedded.start(self._data)

    def _end_kafka(self) -> None:
        if self.kafka is not None and self.kafka.process.poll() is None:
            self.kafka.kill()

    def _end_services(self) -> None:
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


@contextmanager
def running(folder: Path, kafka_classpath: str | None) -> Iterator[Platform]:
    """A platform in `folder` (reachable by others), ready; told by Kafka where its classpath is given."""
    platform = Platform(folder, kafka_classpath)
    try:
        platform.start()
        yield platform
    finally:
        platform.close()
