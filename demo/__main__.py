"""`python -m demo`: start the platform in processes of its own (or use a running one), play the stories, stop it."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from demo.cast import Events, Journey
from demo.deployment import CannotStart, deployed
from demo.journey import STORIES, play
from demo.telling import Telling

PICTURES = Path("build/demo")


def main() -> int:
    """The exit status: 0 when the whole story came true."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="Two care journeys, told step by step."
    )
    parser.add_argument("--base", metavar="URL", help="FHIR base of a running platform (default: start one)")
    parser.add_argument(
        "--pictures",
        metavar="FOLDER",
        type=Path,
        default=PICTURES,
        help=f"where charts go (default: {PICTURES})",
    )
    asked = parser.parse_args()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(
            errors="replace"
        )  # a terminal that lacks a letter shows the story all the same
    tell = Telling()
    try:
        if asked.base:
            _play(asked.base.rstrip("/"), tell, asked.pictures)
        else:
            _play_on_our_own(tell, asked.pictures)
    except CannotStart as error:
        sys.stderr.write(f"{error}\nThe platform does not start; above is the last it said.\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        tell.failure(error)
        return 1
    return 0


def _play(base: str, tell: Telling, pictures: Path, events: Events | None = None) -> None:
    for story in STORIES:
        play(Journey(base, tell, events, pictures), story)


def _play_on_our_own(tell: Telling, pictures: Path) -> None:
    with _folder() as folder:
        tell.starting("Starting the platform, a process for each service ...")
        with deployed(folder / "data") as platform:
            try:
                _play(platform.base, tell, pictures, platform.events)
            except Exception as error:
                kept = Path(tempfile.gettempdir(), f"{folder.name}.log")
                shutil.copyfile(platform.log, kept)
                error.add_note(f"What the platform said meanwhile: {kept}")
                raise
        tell.afterword(
            "\nNow it is stopped, and its links lead nowhere. To look around: make run, and beside it"
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
