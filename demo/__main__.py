"""`python -m demo`: start the platform in processes of its own (or use a running one), play the journey, stop it."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.cast import Journey
from demo.deployment import CannotStart, deployed
from demo.journey import play
from demo.telling import Telling


def main() -> int:
    """The exit status: 0 when the whole story came true."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="A care journey, told step by step.")
    parser.add_argument("--base", metavar="URL", help="FHIR base of a running platform (default: start one)")
    asked = parser.parse_args()
    tell = Telling()
    try:
        if asked.base:
            play(Journey(asked.base.rstrip("/"), tell))
        else:
            _play_on_our_own(tell)
    except CannotStart as error:
        sys.stderr.write(f"{error}\nThe platform does not start; above is the last it said.\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        tell.failure(error)
        return 1
    return 0


def _play_on_our_own(tell: Telling) -> None:
    with _folder() as folder:
        tell.starting("Starting the platform, a process for each service ...")
        with deployed(folder / "data") as platform:
            try:
                play(Journey(platform.base, tell, platform.events))
            except Exception as error:
                kept = Path(tempfile.gettempdir(), f"{folder.name}.log")
                shutil.copyfile(platform.log, kept)
                error.add_note(f"What the platform said meanwhile: {kept}")
                raise
        tell.afterword(
            "Now it is stopped, and its links lead nowhere. To look around: make run, and beside it"
            " make demo ARGS='--base http://127.0.0.1:8080/fhir/R4'"
        )


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for this story alone; PostgreSQL may run as another user, which has to pass through it."""
    folder = Path(tempfile.mkdtemp(prefix="telerehab-demo-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
