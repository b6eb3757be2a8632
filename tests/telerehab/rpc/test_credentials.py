"""With certificates, gRPC is spoken with those alone who have one, and each may call what its name may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from telerehab.access import Caller
from telerehab.fhir.outcome import FhirError
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.rpc.channel import open_channel
from telerehab.rpc.credentials import Certificates, certificates_of, may_call, names_of
from telerehab.rpc.owner import Owner, Remote
from telerehab.rpc.server import RpcServer, engine_registration
from telerehab.settings import Settings
from tests.telerehab.rpc.test_calls import Answering

CALLER = Caller("test")


class Records(Answering):
    """Answers questions and whole requests."""

    async def Handle(self, request: pb.HandleRequest, context: Any) -> pb.HandleResponse:
        return pb.HandleResponse(status=200)


class Authority:
    """A certificate authority of the tests' own, by the openssl command."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", "/CN=tests", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2")  # fmt: skip

    def certify(self, name: str) -> Certificates:
        """Certificates of a service named as its Kubernetes service, which is at 127.0.0.1."""
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", "own.key", "-out", "own.csr")  # fmt: skip
        (self._folder / "names").write_text(f"subjectAltName=DNS:{name}.telerehab.svc,IP:127.0.0.1\n")
        self._openssl("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "names",
                      "-out", "own.pem", "-days", "2")  # fmt: skip
        return Certificates(
            *((self._folder / name).read_bytes() for name in ("ca.pem", "own.pem", "own.key"))
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("there is no openssl on the PATH")
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def owner_as(
    server: Certificates, client: Certificates | None
) -> AsyncIterator[tuple[Owner, grpc.aio.Channel]]:
    """Records, served with one certificate and asked with another."""

    async def ids(query: str) -> list[str]:
        return ["1"]

    serving = RpcServer("records", [engine_registration(Records(ids))], certificates=server)
    await serving.start("127.0.0.1", 0)
    async with open_channel(f"127.0.0.1:{serving.port}", client) as channel:
        yield Owner("records", Remote("records", channel)), channel
    await serving.stop(0)


async def status_of(owner: Owner, method: str) -> int:
    """The HTTP status of a call."""
    try:
        if method == "Ids":
            assert await owner.ids("Patient?", CALLER) == ["1"]
        else:
            await owner.handle(pb.HandleRequest(method="GET"))
    except FhirError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("name", "asks", "handles"),
    [
        ("gateway", 200, 200),
        ("session", 200, 403),
        ("exercise-prescription", 200, 403),
        ("stranger", 403, 403),
    ],
)
async def test_a_certificate_says_what_its_owner_may_call(
    authority: Authority, name: str, asks: int, handles: int
) -> None:
    async with owner_as(authority.certify("records"), authority.certify(name)) as (owner, _):
        assert [await status_of(owner, method) for method in ("Ids", "Handle")] == [asks, handles]


async def test_who_has_no_certificate_of_ours_is_not_answered(authority: Authority, tmp_path: Path) -> None:
    ours, theirs = authority.certify("records"), Authority(tmp_path).certify("gateway")
    swapped = Certificates(ours.authority, theirs.certificate, theirs.key)  # trusts us, is not trusted
    for client in (None, theirs, swapped):
        async with owner_as(ours, client) as (owner, _):
            assert await status_of(owner, "Ids") == 503


async def test_a_server_that_is_not_ours_is_not_asked(authority: Authority, tmp_path: Path) -> None:
    theirs, ours = Authority(tmp_path).certify("records"), authority.certify("gateway")
    async with owner_as(theirs, ours) as (owner, _):
        assert await status_of(owner, "Ids") == 503


@pytest.mark.parametrize(
    ("context", "names"),
    [
        ({"x509_common_name": [b"session"]}, {"session"}),
        ({"x509_subject_alternative_name": [b"exercise-prescription.x.svc"]}, {"exercise_prescription"}),
        ({"x509_common_name": [b"x.session"]}, set()),
        ({"x509_common_name": [b"sessions", b"\xff"]}, set()),
        ({}, set()),
    ],
)
def test_a_certificate_names_its_service_first(context: dict[str, list[bytes]], names: set[str]) -> None:
    assert names_of(context) == names
    assert may_call(names_of(context), "/telerehab.fhir.v1.EngineService/Read") is bool(names)


def test_all_three_files_or_none(tmp_path: Path) -> None:
    assert certificates_of(Settings()) is None
    files = {name: tmp_path / name for name in ("grpc_ca", "grpc_certificate", "grpc_key")}
    for name, file in files.items():
        file.write_text(name)
        with pytest.raises(ValueError, match="belong together"):
            Settings(**{name: file})
    assert certificates_of(Settings(**files)) == Certificates(b"grpc_ca", b"grpc_certificate", b"grpc_key")
