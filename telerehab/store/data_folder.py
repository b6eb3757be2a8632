"""The folder that holds what a deployment keeps on this machine: used by one process, of a known format.

flock(2): https://man7.org/linux/man-pages/man2/flock.2.html
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

FORMAT = 1
"""The format of the folder; raised when an older program could not read what a newer one has written."""


class DataFolderError(RuntimeError):
    """The folder can't be used; the message says why and what would help."""


class DataFolder:
    """An opened data folder, held until `close`: nobody else opens it meanwhile, a killed holder lets go.

    `path` is absolute. Raises `DataFolderError` when another live process holds it, when its format is newer
    than this program's, or when it can't be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            _make(self.path)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataFolderError(f"The data folder {self.path} can't be used: {error.strerror}.") from error
        try:
            self._take_lock()
            self._check_format()
            self._secret = self._read_secret()
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Let others use the folder."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def secret(self, purpose: str) -> str:
        """A secret of this folder for one purpose (64 hex digits), the same at every start."""
        return _derived(self._secret, purpose)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode().strip() or "unknown"
            raise DataFolderError(
                f"The data folder {self.path} is in use by process {holder}. "
                "Stop that one first, or give this one another folder with TELEREHAB_DATA."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _check_format(self) -> None:
        file = self.path / "VERSION"
        try:
            text = file.read_text().strip()
        except FileNotFoundError:
            write_file(file, f"{FORMAT}\n", 0o644)
            return
        if not text.isdecimal():
            raise DataFolderError(f"{file} should hold the number of the folder's format.")
        if int(text) > FORMAT:
            raise DataFolderError(
                f"The data folder {self.path} was written by a newer version of this program (format {text}, "
                f"this one knows {FORMAT}). Use the newer version, or another folder with TELEREHAB_DATA."
            )

    def _read_secret(self) -> bytes:
        file = self.path / "secret"
        if not file.exists():
            write_file(file, secrets.token_hex(32), 0o600)
        return _key_in(file)


def secret_of(path: Path, purpose: str) -> str:
    """The secret of a folder that another process holds, as `DataFolder.secret`."""
    return _derived(_key_in(path / "secret"), purpose)


def _key_in(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


def _derived(key: bytes, purpose: str) -> str:
    return hmac.digest(key, purpose.encode(), "sha256").hex()


def write_file(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all, with `mode` from the start."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _make(path: Path) -> None:
    """Make the folder; as root PostgreSQL runs as another user, which has to pass through it."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
