"""The failures whose message is for the operator: shown as one line, without a traceback."""

from __future__ import annotations

from telerehab.running.supervisor import CannotStart
from telerehab.store.data_folder import DataFolderError
from telerehab.store.embedded import EmbeddedError
from telerehab.store.operating_user import OperatingUserError

EXPECTED = (CannotStart, DataFolderError, EmbeddedError, OperatingUserError)
