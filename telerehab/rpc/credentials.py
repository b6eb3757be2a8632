"""Who is on the other side of a gRPC call: certificates of both sides, and who may call what.

A certificate names its service by the common name or the first label of a DNS name: "session",
"exercise-prescription.telerehab.svc". https://grpc.io/docs/guides/auth/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY, Settings

_NAMES = ("x509_common_name", "x509_subject_alternative_name")
BY_SERVICES = frozenset({"Read", "Include", "Ids"})
"""What services ask each other; all else of EngineService is for the gateway, which speaks for clients."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM: whom we trust, who we are, and the key that proves it."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)

    def of_server(self) -> grpc.ServerCredentials:
        """As a server that takes calls of trusted clients only."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)], self.authority, require_client_auth=True
        )

    def of_channel(self) -> grpc.ChannelCredentials:
        """As a client that calls trusted servers only."""
        return grpc.ssl_channel_credentials(self.authority, self.key, self.certificate)


def certificates_of(settings: Settings) -> Certificates | None:
    """Those that are configured, None where calls are neither encrypted nor checked; OSError for a missing file."""
    if settings.grpc_ca is None or settings.grpc_certificate is None or settings.grpc_key is None:
        return None
    paths: Iterable[Path] = (settings.grpc_ca, settings.grpc_certificate, settings.grpc_key)
    return Certificates(*(path.read_bytes() for path in paths))


def names_of(auth_context: Mapping[str, Iterable[bytes]]) -> frozenset[str]:
    """The services of this platform that a peer's certificate names."""
    found = (value.decode(errors="replace") for each in _NAMES for value in auth_context.get(each, ()))
    labels = {name.partition(".")[0].replace("-", "_") for name in found}
    return frozenset(labels & {GATEWAY, *SERVICES})


def may_call(callers: frozenset[str], method: str) -> bool:
    """Whether one of these services may call a method ("/telerehab.fhir.v1.EngineService/Read")."""
    return GATEWAY in callers or bool(callers and method.rpartition("/")[2] in BY_SERVICES)
