"""The failures whose message is for the operator: shown as one line, without a traceback."""

from __future__ import annotations

from telerehab.running.supervisor import CannotStart
from telerehab.store.data_folder import DataFolderError
from telerehab.store.embedded import EmbeddedError
from telerehab.store.migrate import SchemaError
from telerehab.store.operating_user import OperatingUserError

EXPECTED = (
    CannotStart,
    DataFolderError,
    EmbeddedError,
    OperatingUserError,
    SchemaError,
    ConnectionError,  # a database that does not answer
)


def told(error: Exception) -> str:
    """What the operator reads."""
    if isinstance(error, ConnectionError):
        return "The database cannot be reached: nothing answers at its address."
    return str(error)
