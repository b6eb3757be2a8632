"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def telerehab(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telerehab.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(("arguments", "says"), [(["settings"], "TELEREHAB_PORT"), (["version"], "0.1.0")])
def test_answers_on_standard_output(arguments: list[str], says: str) -> None:
    result = telerehab(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert says in result.stdout


def test_no_command_teaches_the_commands() -> None:
    result = telerehab()
    assert result.returncode == 2
    assert "telerehab run --separate" in result.stdout


def test_bad_setting_stops_the_start_with_one_line() -> None:
    result = telerehab("run", TELEREHAB_PORT="eighty")
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "telerehab: TELEREHAB_PORT is 'eighty': input should be a valid integer, "
        "unable to parse string as an integer"
    ]


def test_unknown_service_is_refused_with_the_known_ones() -> None:
    result = telerehab("run", "billing")
    assert result.returncode == 2
    assert "scheduling" in result.stderr
