"""The operating-system user that PostgreSQL runs as: ourselves, or another one when we are root.

https://www.postgresql.org/docs/18/postgres-user.html
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

NAME = "telerehab-postgres"
SHELTER = Path("/var/lib/telerehab")
"""Where files go that this user can't reach, say below /root; parent folders are never opened to it."""


class OperatingUserError(RuntimeError):
    """No user to run PostgreSQL as; the message says what would help."""


class OperatingUser(NamedTuple):
    """A user to run programs as and to give files to; without ids it is the current one."""

    uid: int | None = None
    gid: int | None = None

    def run(self, command: Sequence[str | Path], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this user, away from the terminal's signals; its output is captured."""
        switch: dict[str, Any] = {}
        if self.uid is not None:
            switch = {"user": self.uid, "group": self.gid, "extra_groups": []}
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "TELEREHAB_"))}
        return subprocess.run(
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            start_new_session=True,
            env=environment | {"LC_ALL": "C"},
            cwd="/",
            **switch,
        )

    def give(self, path: Path) -> None:
        """Make this user the owner of a file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can pass to `folder` through all its parents."""
        return self.uid is None or self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def can_run(self, program: Path) -> bool:
        """Whether this user can reach and run `program`."""
        try:
            return self.uid is None or self.run([program, "--version"]).returncode == 0
        except PermissionError:
            return False


def operating_user() -> OperatingUser:
    """The user to run PostgreSQL as, made when we are root and it is missing. Raises `OperatingUserError`."""
    if os.geteuid() != 0:
        return OperatingUser()
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make_user()
    return OperatingUser(entry.pw_uid, entry.pw_gid)


def _make_user() -> pwd.struct_passwd:
    if shutil.which("useradd"):
        command = [
            "useradd",
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/bin/false",
        ]
    else:  # BusyBox
        command = ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/bin/false"]
    try:
        made = subprocess.run([*command, NAME], check=False, capture_output=True, text=True)
        return pwd.getpwnam(NAME)  # another process may have been first
    except (OSError, KeyError) as error:
        reason = str(error) if isinstance(error, OSError) else made.stderr.strip()
        raise OperatingUserError(
            f"PostgreSQL can't run as root, and the user {NAME} could not be made ({reason}). "
            "Start as an ordinary user, or set TELEREHAB_DATABASE_URL."
        ) from None
