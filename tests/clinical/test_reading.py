"""A clinical file is read whole and strictly: what nobody reads must not look as if it counted."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from clinical.instruments import Instrument
from clinical.reading import paths, read, table

NPRS = table("instruments/nprs.toml")


def parsed(content: dict[str, Any]) -> Instrument:
    return TypeAdapter(Instrument).validate_python(content)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"mic": 3}, "mic"),
        ({"version": None}, "version"),
        ({"score": {**NPRS["score"], "method": "median"}}, "score.method"),
        ({"score": {**NPRS["score"], "maximum": 9}}, "score.maximum"),
        ({"missing": {"impute": "none"}}, "missing.minimum_answered"),
        ({"licence": "free"}, "licence"),
    ],
)
def test_an_unknown_missing_or_wrong_field_is_named(change: dict[str, Any], at: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parsed({**NPRS, **change})
    assert at in {".".join(map(str, error["loc"])) for error in refused.value.errors()}


def test_numbers_are_exact() -> None:
    instrument = read(Instrument, "instruments/nprs.toml")
    assert instrument.detectable[0].at_least == Decimal("2.1")


def test_what_is_read_cannot_be_changed() -> None:
    instrument = read(Instrument, "instruments/nprs.toml")
    with pytest.raises(AttributeError):
        instrument.version = "2.0.0"  # type: ignore[misc]


@pytest.mark.parametrize("file", list(paths()))
def test_every_file_is_toml_with_a_reason_at_its_top(file: str) -> None:
    path = Path(import_module("clinical").__file__ or "").parent / file
    text = path.read_text()
    assert text.startswith("# ")
    assert tomllib.loads(text)


@pytest.mark.parametrize("file", [file for file in paths() if file != "red-flags/levels.toml"])
def test_every_file_names_itself_its_version_and_its_sources(file: str) -> None:
    content = table(file)
    assert content["id"] == file.rpartition("/")[2].removesuffix(".toml")
    assert content["title"]
    assert [part.isdigit() for part in content["version"].split(".")] == [True] * 3


@pytest.mark.parametrize("file", list(paths()))
def test_case_names_are_unique(file: str) -> None:
    content = table(file)
    for key in ("case", "change_case"):
        ids = [case["id"] for case in content.get(key, [])]
        assert len(set(ids)) == len(ids)
