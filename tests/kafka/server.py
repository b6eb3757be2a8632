"""A Kafka broker of the tests' own: one process in KRaft mode, on free ports of loopback, in a folder of its own.

https://kafka.apache.org/documentation/#kraft
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from tests import jars

POM = Path(__file__).with_name("pom.xml")
START_SECONDS = 180  # a busy machine takes its time to recover a killed one's logs
JAVA = (
    "java",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # it starts quickly, and never runs for long
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=BROKER://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}{more_listeners}
advertised.listeners=BROKER://{advertised}{more_listeners}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={logs}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""  # topics are created unless a client forbids it, as ours must
SECURE = """\
ssl.keystore.location={keystore}
ssl.keystore.password={password}
ssl.keystore.type=PKCS12
sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  user_{user}="{password}";
"""
USER, PASSWORD = "telerehab", "for-tests-only"
CLUSTER = "dGVsZXJlaGFiLXRlc3RzMQ"


class KafkaServer:
    """A broker in `folder`: `address` is host:port; what it holds survives `kill` and a further `start`.

    With `secure` it also listens at `secure_address`, where clients log in by TLS as USER with PASSWORD, and trust
    `certificate`. Where it is reached through a proxy, clients are told that address (`advertised`).
    """

    def __init__(self, folder: Path, classpath: str, *, secure: bool = False, advertised: str = "") -> None:
        self._folder = folder
        self._classpath = classpath
        self._port, controller, secure_port = _free_ports(3)
        self.address = f"127.0.0.1:{self._port}"
        self.secure_address = f"127.0.0.1:{secure_port}"
        self.certificate = folder / "certificate.pem"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        self._properties = folder / "server.properties"
        text = CONFIGURATION.format(
            broker=self._port,
            controller=controller,
            advertised=advertised or self.address,
            logs=folder / "logs",
            more_listeners=f",SECURE://{self.secure_address}" if secure else "",
        )
        if secure:
            text += SECURE.format(keystore=self._certify(), user=USER, password=PASSWORD)
        self._properties.write_text(text)
        self._run(
            *self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(self._properties))
        )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process, to be frozen or killed."""
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)),
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        pause = threading.Event()
        while not _accepts(self._port):
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Kafka takes no connections"
            pause.wait(0.05)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def _certify(self) -> Path:
        """A key with a certificate of its own, as Java keeps them and as clients read it."""
        keystore = self._folder / "keystore.p12"
        kept = ("-keystore", str(keystore), "-storepass", PASSWORD, "-alias", "kafka")
        name = ("-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1")
        self._run("keytool", "-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12", *kept, *name)
        self._run("keytool", "-exportcert", "-rfc", "-file", str(self.certificate), *kept)
        return keystore

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS, cwd=self._folder)

    def _java(self, *arguments: str) -> list[str]:
        return [*JAVA, "-cp", self._classpath, *arguments]


def classpath(cache: Path) -> str:
    """The jars of the broker; raises `jars.Lacking`."""
    return jars.classpath(POM, cache)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _accepts(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex(("127.0.0.1", port)) == 0
