"""`make faults`: the long form, on each broker in turn; the exit status is 1 if a promise was broken.

ARGS: `--seconds 900` (driven, for each broker), `--rate 500` (requests/s at most), `--seed N` (repeats a schedule),
`--broker postgresql|kafka` (only this one), `--keep` (keep the folder with logs and recording).
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.faults.nemesis.checker import broken
from tests.faults.nemesis.run import run
from tests.kafka.server import classpath

SHOWN = 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--broker", choices=("postgresql", "kafka"))
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    found: list[str] = []
    for broker in [asked.broker] if asked.broker else ["postgresql", "kafka"]:
        folder = Path(tempfile.mkdtemp(prefix="tr-faults-", dir="/tmp"))
        folder.chmod(0o711)
        try:
            done = run(
                folder,
                seed=asked.seed,
                seconds=asked.seconds,
                rate=asked.rate,
                kafka_classpath=classpath(folder) if broker == "kafka" else None,
                tell=_say,
            )
            found += broken(done.recording, done.world)
        finally:
            if asked.keep:
                _say(f"kept: {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    for what in found[:SHOWN]:
        _say(what)
    _say(f"{len(found)} promises broken" if found else "every promise held")
    return 1 if found else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
