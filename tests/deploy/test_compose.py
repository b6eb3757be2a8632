"""The deployment by containers, held against the Compose Specification, the settings and what the programs take."""

from __future__ import annotations

import copy
import fnmatch
import json
import re
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from telerehab import settings
from telerehab.cli import main
from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY
from telerehab.store.embedded import CONFIGURATION
from tests.deploy.json_schema import problems
from tests.deploy.plain_yaml import read

ROOT = Path(__file__).parents[2]
COMPOSE = read((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
# https://github.com/compose-spec/compose-spec/blob/170098b/schema/compose-spec.json, unaltered (Apache-2.0)
SCHEMA: Any = json.loads((ROOT / "tests/data/compose/compose-spec.json").read_bytes())
EXAMPLE = (ROOT / ".env.example").read_text()
CHOSEN = {"POSTGRES_PASSWORD": "a1b2", "TELEREHAB_PUBLIC_URL": "https://rehab.example"}
ONCE = {"database": ["database", "init"], "topics": ["events", "topics"]}
OURS = [*SERVICES, GATEWAY]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def container(service: str) -> dict[str, Any]:
    return CONTAINERS[service.replace("_", "-")]  # an underscore is none of a host's name


def environment(service: str) -> dict[str, str]:
    """What a container of ours gets, as compose fills it in from .env."""
    given = container(service)["environment"]
    return {name: VARIABLE.sub(_filled, str(value)) for name, value in given.items()}


def _filled(match: re.Match[str]) -> str:
    name, how, text = match.groups()
    return CHOSEN.get(name) or (text if how == "-" else "")


def test_compose_file_is_what_the_specification_allows() -> None:
    assert list(problems(COMPOSE, SCHEMA, SCHEMA)) == []


def _misspell(compose: Any) -> None:
    compose["services"]["records"]["dependson"] = ["postgres"]


def _condition(compose: Any) -> None:
    compose["services"]["records"]["depends_on"]["database"]["condition"] = "service_done"


def _wrong_type(compose: Any) -> None:
    compose["services"]["records"]["read_only"] = ["yes"]


@pytest.mark.parametrize("spoil", [_misspell, _condition, _wrong_type])
def test_the_specification_finds_mistakes(spoil: Callable[[Any], None]) -> None:
    spoiled = copy.deepcopy(COMPOSE)
    spoil(spoiled)
    assert list(problems(spoiled, SCHEMA, SCHEMA))


@pytest.mark.parametrize("service", OURS)
def test_every_service_has_a_container_that_runs_it(service: str) -> None:
    assert container(service)["command"] == ["run", service]


@pytest.mark.parametrize(("name", "command"), ONCE.items())
def test_what_has_to_be_there_first_is_made_once(name: str, command: list[str]) -> None:
    assert container(name)["command"] == command
    assert container(name)["restart"] == "no"
    with pytest.raises(SystemExit) as left:  # the command exists: its help is printed
        main([*command, "--help"])
    assert left.value.code == 0


@pytest.mark.parametrize("name", [*OURS, *ONCE])
def test_the_environment_is_one_the_settings_take(name: str) -> None:
    loaded = settings.load(environment(name))
    assert loaded.host == "0.0.0.0"
    assert loaded.public == "https://rehab.example"
    assert loaded.kafka == "kafka:9092"
    for service in SERVICES:
        own, host = loaded.of(service), service.replace("_", "-")
        assert own.url == f"http://{host}:{own.port}"
        assert own.grpc == f"{host}:{own.grpc_port}"
        assert own.database_url is not None
        assert own.database_url.get_secret_value() == "postgresql://telerehab:a1b2@postgres:5432/telerehab"


def test_the_example_names_what_the_compose_file_asks_for_and_known_settings_only() -> None:
    named = re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    asked = {match[1] for match in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text())}
    assert set(named) == asked
    assert {name for name in named if name.startswith("TELEREHAB_")} <= {v.name for v in settings.variables()}


def test_no_password_is_kept_with_the_code() -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY")
    for name, one in CONTAINERS.items():
        for variable, value in one.get("environment", {}).items():
            if secret.search(variable):
                assert VARIABLE.fullmatch(value), f"{name}: {variable}"
            assert not re.search(r"://[^/@]*:[^/@]+@", VARIABLE.sub("", str(value))), f"{name}: {variable}"
    assert re.search(r"^POSTGRES_PASSWORD=$", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "TELEREHAB_PUBLIC_URL"])
def test_what_must_be_chosen_is_asked_for(name: str) -> None:
    uses = [m for m in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text()) if m[1] == name]
    assert uses
    assert all(use[2] == "?" and ".env" in use[3] for use in uses)


def test_only_the_gateway_is_published_and_prometheus_and_both_on_loopback() -> None:
    published = {name: one["ports"] for name, one in CONTAINERS.items() if "ports" in one}
    gateway_port = settings.load({}).of(GATEWAY).port
    assert published == {
        "gateway": [f"${{GATEWAY_LISTENS:-127.0.0.1:{gateway_port}}}:{gateway_port}"],
        "prometheus": ["127.0.0.1:9090:9090"],
    }
    assert {name for name, one in CONTAINERS.items() if one["networks"] != ["inside"]} == set(published)
    assert COMPOSE["networks"]["inside"]["internal"] is True


@pytest.mark.parametrize("service", OURS)
def test_health_is_asked_for_at_the_port_it_listens_on(service: str) -> None:
    port = settings.load(environment(service)).of(service).port
    test = container(service)["healthcheck"]["test"]
    assert test == ["CMD", "python", "/opt/telerehab/ready.py", str(port)]


def test_everything_starts_after_what_it_needs_is_healthy_or_done() -> None:
    for name, one in CONTAINERS.items():
        for needed, how in one.get("depends_on", {}).items():
            done = "service_completed_successfully" if needed in ONCE else "service_healthy"
            assert how == {"condition": done}, name
            assert needed in ONCE or "healthcheck" in CONTAINERS[needed], needed
    assert set(container(GATEWAY)["depends_on"]) == {service.replace("_", "-") for service in SERVICES}
    for service in SERVICES:
        assert set(container(service)["depends_on"]) == set(ONCE)


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    one = CONTAINERS[name]
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one.get("read_only") is (None if name == "kafka" else True)


def test_postgresql_is_configured_as_the_embedded_one() -> None:
    own = {"cluster_name", "listen_addresses", "unix_socket_permissions"}
    expected = {f"--{name}={value}" for name, value in CONFIGURATION.items() if name not in own}
    command = CONTAINERS["postgres"]["command"]
    assert command[0] == "postgres"
    assert set(command[1:]) == expected


def test_kafka_is_the_version_that_is_tested() -> None:
    tested = re.search(r"<version>(\d+\.\d+\.\d+)</version>", (ROOT / "tests/kafka/pom.xml").read_text())
    assert tested is not None
    assert CONTAINERS["kafka"]["image"] == f"apache/kafka:{tested[1]}"


def test_prometheus_asks_every_service() -> None:
    (job,) = read((ROOT / "deploy/prometheus.yml").read_text())["scrape_configs"]
    (targets,) = (one["targets"] for one in job["static_configs"])
    ports = {service: settings.load(environment(service)).of(service).port for service in OURS}
    assert set(targets) == {f"{service.replace('_', '-')}:{port}" for service, port in ports.items()}


def test_image_is_built_from_files_that_are_let_in() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    steps = (ROOT / "deploy/Dockerfile").read_text().splitlines()
    copied = [
        name
        for step in steps
        if step.startswith("COPY ") and "--from" not in step
        for name in step.split()[1:-1]
    ]
    assert sorted(copied) == sorted(let_in)
    assert all((ROOT / name).exists() for name in copied)
    packages = re.search(r"include = (\[.*\])", (ROOT / "pyproject.toml").read_text())
    assert packages is not None
    for pattern in json.loads(packages[1]):
        assert fnmatch.filter(copied, pattern), pattern
    assert [step for step in steps if step.startswith("USER ")] == ["USER 10001:10001"]


class _Answers(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _health(port: int) -> int:
    command = [sys.executable, str(ROOT / "deploy/ready.py"), str(port)]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode


def test_health_check_follows_readiness() -> None:
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert _health(server.server_port) == 0
        _Answers.status = 503
        assert _health(server.server_port) == 1
        server.shutdown()
    assert _health(server.server_port) == 1
