"""The configuration: every `TELEREHAB_*` variable, typed, with its default and meaning, in one table.

https://12factor.net/config
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from telerehab.owners import SERVICES

PREFIX = "TELEREHAB_"
GATEWAY = "gateway"


class SettingsError(ValueError):
    """The environment can't be used; the message is one line that names each variable and what is wrong."""


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be an http:// or https:// URL")
    if parts.query or parts.fragment:
        raise ValueError("should have neither query nor fragment")
    return value.rstrip("/")


def _postgresql_url(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in ("postgresql", "postgres"):
        raise ValueError("should be a postgresql:// URL")
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("should be host:port")
    return value


def _addresses(value: str) -> str:
    return ",".join(_address(each.strip()) for each in value.split(","))


def _networks(value: str) -> str:
    try:
        return ",".join(str(ip_network(each.strip())) for each in value.split(","))
    except ValueError:
        raise ValueError("should be addresses or networks, as 10.0.0.7 or 10.1.0.0/16") from None


GatewayPort = Annotated[int, Field(ge=1, le=64000)]  # the services' ports and the gRPC ports come after it
HttpPort = Annotated[int, Field(ge=1, le=64535)]
GrpcPort = Annotated[int, Field(ge=1, le=65535)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Address = Annotated[str, AfterValidator(_address)]
Networks = Annotated[str, AfterValidator(_networks)]
Addresses = Annotated[str, AfterValidator(_addresses)]
KafkaPrefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=100)]
PostgresqlUrl = Annotated[SecretStr, AfterValidator(_postgresql_url)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]
KafkaSasl = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
KafkaSecurity = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class ServiceVariables(BaseModel):
    """What can be set for one service, as `TELEREHAB_<SERVICE>_<FIELD>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: HttpPort | None = Field(
        None, description="HTTP port it listens on (default: TELEREHAB_PORT + 1 … + 5)"
    )
    grpc_port: GrpcPort | None = Field(
        None, description="gRPC port it listens on (default: its HTTP port + 1000)"
    )
    url: HttpUrl | None = Field(
        None, description="where the others reach its HTTP port (default: this machine)"
    )
    grpc: Address | None = Field(
        None, description="host:port where the others reach its gRPC port (default: this machine)"
    )
    database_url: PostgresqlUrl | None = Field(
        None, description="PostgreSQL of this service alone (default: TELEREHAB_DATABASE_URL)"
    )


class ServiceSettings(NamedTuple):
    """Where one service listens, where others reach it, which database it uses (none: the embedded one)."""

    name: str
    port: int
    grpc_port: int
    url: str
    grpc: str
    database_url: SecretStr | None


class Settings(BaseModel):
    """The settings of one process; `load` reads them from the environment, tests construct them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, description="address that every port is bound to")
    port: GatewayPort = Field(
        8080, description="HTTP port of the gateway; the services take the ports after it"
    )
    public_url: HttpUrl | None = Field(
        None,
        description="base URL that clients use, in links and as audience (default: the gateway's address)",
    )
    join_url: HttpUrl | None = Field(
        None, description="base of the links that join a video visit (default: TELEREHAB_PUBLIC_URL/join)"
    )
    data: Path = Field(Path(".data"), description="folder that holds everything kept on this machine")
    database_url: PostgresqlUrl | None = Field(
        None, description="PostgreSQL to use (default: an embedded one in TELEREHAB_DATA)"
    )
    database_connections: int = Field(
        8, ge=2, le=200, description="connections that a service holds to PostgreSQL"
    )
    statement_timeout: Seconds = Field(
        10.0, description="seconds after which a database statement is cancelled"
    )
    body_limit: ByteSize = Field(
        ByteSize(10_000_000), gt=0, description="largest request body (bytes, or as 10MB)"
    )
    kafka: Addresses | None = Field(
        None, description="Kafka to tell events by, as host:port[,host:port] (default: PostgreSQL)"
    )
    kafka_prefix: KafkaPrefix = Field(
        "", description="what the names of topics and groups begin with, where platforms share a Kafka"
    )
    kafka_ca: Path | None = Field(
        None, description="file with the certificates that Kafka's is checked by (default: this machine's)"
    )
    kafka_certificate: Path | None = Field(
        None, description="file with the certificate that we show to Kafka, for mutual TLS"
    )
    kafka_key: Path | None = Field(None, description="file with the key of that certificate")
    kafka_user: str | None = Field(None, description="name that we log in to Kafka with")
    kafka_password: SecretStr | None = Field(None, description="password that we log in to Kafka with")
    kafka_sasl: KafkaSasl = Field(
        "SCRAM-SHA-512", description="how we log in to Kafka: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_security: KafkaSecurity = Field(
        "PLAINTEXT",
        description="how Kafka is spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT (logged in) or SASL_SSL (both)",
    )
    token_wait: Seconds = Field(
        2.0, description="seconds a read waits for the handlers of the events its position token names"
    )
    neighbour_timeout: Seconds = Field(
        5.0, description="seconds another service gets to answer a question that changes nothing"
    )
    forward_timeout: Seconds = Field(
        10.0, description="seconds a service gets to answer a request that the gateway passes on to it"
    )
    grpc_ca: Path | None = Field(
        None,
        description="file with the certificates that the services' own are checked by; with this and the next two, "
        "gRPC is mutual TLS, and a certificate says by its name what it may call (default: neither)",
    )
    grpc_certificate: Path | None = Field(
        None, description="file with this process's certificate, named as its service (session.example)"
    )
    grpc_key: Path | None = Field(
        None, validate_default=True, description="file with the key of that certificate"
    )
    requests_in_progress: int = Field(
        64,
        ge=2,
        le=10_000,
        description="requests that a service, or the gateway for one service, answers at a time",
    )
    bulk_in_progress: int = Field(
        4, ge=1, le=10_000, description="how many of these may be bulk: large bundles, histories, exports"
    )
    requests_waiting: int = Field(
        1000, ge=8, le=100_000, description="requests that may wait for their turn; beyond that they get 503"
    )
    trusted_proxies: Networks = Field(
        "127.0.0.0/8,::1/128",
        description="addresses or networks, comma-separated, whose X-Forwarded-For is believed",
    )
    stop_delay: float = Field(
        1.0,
        ge=0,
        le=120,
        description="seconds between SIGTERM, when readiness ends, and the last request taken: as long as a load "
        "balancer needs to notice",
    )
    stop_timeout: Seconds = Field(
        10.0, description="seconds that running requests get when the process stops"
    )
    log_level: LogLevel = Field(
        "info", description="least severe log line written: debug, info, warning or error"
    )
    explain_searches: bool = Field(
        False,
        description="whether `Prefer: explain` adds a search's plan and cost to its answer: for development only",
    )
    services: Mapping[str, ServiceVariables] = Field(default_factory=dict, exclude=True)

    @field_validator("kafka_security")
    @classmethod
    def _can_log_in(cls, value: str, info: ValidationInfo) -> str:
        if value.startswith("SASL") and not (info.data.get("kafka_user") and info.data.get("kafka_password")):
            raise ValueError(f"needs {PREFIX}KAFKA_USER and {PREFIX}KAFKA_PASSWORD")
        return value

    @field_validator("grpc_key")
    @classmethod
    def _knows_all_three(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        given = [value, info.data.get("grpc_ca"), info.data.get("grpc_certificate")]
        if any(given) and not all(given):
            raise ValueError(
                f"{PREFIX}GRPC_CA, {PREFIX}GRPC_CERTIFICATE and {PREFIX}GRPC_KEY belong together"
            )
        return value

    @cached_property
    def public(self) -> str:
        """The base URL for clients, without a trailing slash."""
        return self.public_url or self._http(self.port)

    @cached_property
    def join(self) -> str:
        """The base of join links, without a trailing slash."""
        return self.join_url or f"{self.public}/join"

    @property
    def reachable_host(self) -> str:
        """Where this machine reaches its own ports: the host they are bound to, or loopback if bound to all."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    def of(self, service: str) -> ServiceSettings:
        """The settings of one service or of the gateway; `KeyError` for a name that is neither."""
        if service != GATEWAY and service not in SERVICES:
            raise KeyError(service)
        own = self.services.get(service) or ServiceVariables()
        port = self.port if service == GATEWAY else own.port or self.port + 1 + SERVICES.index(service)
        grpc_port = own.grpc_port or port + 1000
        return ServiceSettings(
            service,
            port,
            grpc_port,
            own.url or self._http(port),
            own.grpc or f"{self._in_url}:{grpc_port}",
            own.database_url or self.database_url,
        )

    def _http(self, port: int) -> str:
        return f"http://{self._in_url}:{port}"

    @property
    def _in_url(self) -> str:
        return f"[{self.reachable_host}]" if ":" in self.reachable_host else self.reachable_host


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that `environ` gives; an empty value counts as unset. Raises `SettingsError`."""
    known = {variable.name: variable for variable in variables()}
    given: dict[str, Any] = {}
    services: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or value == "":
            continue
        variable = known.get(name)
        if variable is None:
            problems.append(_unknown(name, value, known))
        elif variable.service:
            services.setdefault(variable.service, {})[variable.field] = value
        else:
            given[variable.field] = value
    try:
        settings = Settings(**given, services=services)
    except ValidationError as error:
        problems += [_bad(problem, environ) for problem in error.errors()]
    if problems:
        raise SettingsError("; ".join(problems))
    return settings


class Variable(NamedTuple):
    """One variable of the environment: its name, the field it sets and of which service, default, meaning."""

    name: str
    field: str
    service: str | None
    default: str
    meaning: str


def variables() -> Iterator[Variable]:
    """Every variable there is, in the order of the table."""
    for field, info in Settings.model_fields.items():
        if field != "services":
            default = "" if info.default is None else str(info.default)
            yield Variable(f"{PREFIX}{field.upper()}", field, None, default, info.description or "")
    for service in (GATEWAY, *SERVICES):
        for field, info in ServiceVariables.model_fields.items():
            if (service, field) != (GATEWAY, "port"):  # that is TELEREHAB_PORT
                name = f"{PREFIX}{service.upper()}_{field.upper()}"
                yield Variable(name, field, service, "", info.description or "")


def table() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every variable; those of a service once, for all services."""
    rows = [(v.name, v.default, v.meaning) for v in variables() if v.service is None]
    rows += [
        (f"{PREFIX}<SERVICE>_{v.field.upper()}", v.default, v.meaning)
        for v in variables()
        if v.service == SERVICES[0]
    ]
    return rows


def _unknown(name: str, value: str, known: Mapping[str, Variable]) -> str:
    if _is_service_link(value) or name.endswith(("_SERVICE_HOST", "_SERVICE_PORT", "_TCP_ADDR", "_TCP_PORT")):
        return f"{name} is set by Kubernetes; give the pod enableServiceLinks: false"
    near = difflib.get_close_matches(name, known, 1)
    return f"{name} is not a setting" + (
        f" (did you mean {near[0]}?)" if near else " (see: telerehab settings)"
    )


def _bad(problem: Any, environ: Mapping[str, str]) -> str:
    match problem["loc"]:
        case ("services", service, field, *_):
            name = f"{PREFIX}{service.upper()}_{field.upper()}"
        case (field, *_):
            name = f"{PREFIX}{str(field).upper()}"
        case _:
            name = PREFIX
    if _is_service_link(environ.get(name, "")):
        return f"{name} is set by Kubernetes; give the pod enableServiceLinks: false"
    reason = str(problem["msg"]).removeprefix("Value error, ")
    shown = "" if name.endswith("DATABASE_URL") else f" is {environ.get(name, '')[:80]!r}"
    return f"{name}{shown}: {reason[:1].lower()}{reason[1:]}"


def _is_service_link(value: str) -> bool:
    return value.startswith(("tcp://", "udp://"))
