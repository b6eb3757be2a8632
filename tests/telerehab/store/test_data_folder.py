"""The data folder: one holder at a time, a known format, secrets that stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from telerehab.store.data_folder import FORMAT, DataFolder, DataFolderError


def test_second_holder_is_refused_and_told_whom_to_stop(data_path: Path) -> None:
    with (
        DataFolder(data_path),
        pytest.raises(DataFolderError, match=rf"in use by process {os.getpid()}.*TELEREHAB_DATA"),
    ):
        DataFolder(data_path)
    DataFolder(data_path).close()


def test_folder_of_a_newer_version_is_refused(data_path: Path) -> None:
    DataFolder(data_path).close()
    (data_path / "VERSION").write_text(f"{FORMAT + 1}\n")
    with pytest.raises(DataFolderError, match="newer version"):
        DataFolder(data_path)
    (data_path / "VERSION").write_text(f"{FORMAT}\n")
    DataFolder(data_path).close()  # the refusal let go of it


@pytest.mark.parametrize("text", ["", "one", "1.5"])
def test_version_that_is_no_number_is_refused(data_path: Path, text: str) -> None:
    DataFolder(data_path).close()
    (data_path / "VERSION").write_text(text)
    with pytest.raises(DataFolderError, match="VERSION"):
        DataFolder(data_path)


def test_place_that_is_no_folder_is_refused(data_path: Path) -> None:
    data_path.write_text("")
    with pytest.raises(DataFolderError, match="can't be used"):
        DataFolder(data_path)


def test_secrets_differ_by_purpose_and_stay_the_same(data_path: Path) -> None:
    with DataFolder(data_path) as folder:
        first = {purpose: folder.secret(purpose) for purpose in ("a", "b")}
    with DataFolder(data_path) as folder:
        assert {purpose: folder.secret(purpose) for purpose in ("a", "b")} == first
    assert first["a"] != first["b"]


def test_only_the_owner_reads_secrets_or_lists_the_folder(data_path: Path) -> None:
    DataFolder(data_path).close()
    assert (data_path / "secret").stat().st_mode & 0o077 == 0
    assert data_path.stat().st_mode & 0o066 == 0
