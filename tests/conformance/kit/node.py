"""fhir-kit-client as npm installs it, outside the tree.

https://github.com/Vermonster/fhir-kit-client
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.jars import Lacking

HERE = Path(__file__).parent
DESCRIBED_BY = ("package.json", "package-lock.json")
INSTALL = ("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
SECONDS = 300


class Node:
    """Node.js with the packages of package-lock.json, installed in `cache`; raises `Lacking`."""

    def __init__(self, cache: Path) -> None:
        for needed in ("node", "npm"):
            if shutil.which(needed) is None:
                raise Lacking(f"there is no {needed} on the PATH")
        self._folder = cache
        if not self._is_installed():
            for name in DESCRIBED_BY:
                shutil.copy(HERE / name, cache / name)
            done = subprocess.run(INSTALL, cwd=cache, capture_output=True, timeout=SECONDS, check=False)
            if done.returncode:
                (cache / DESCRIBED_BY[-1]).unlink()  # the next run is to try again
                raise Lacking(f"npm installs nothing: {done.stderr.decode(errors='replace')[-500:]}")

    def run(self, program: str, *arguments: str) -> Sequence[Any]:
        """What `program` ("client.mjs") prints, each line of it JSON; it has to end well."""
        shutil.copy(HERE / program, self._folder / program)  # packages are looked for beside the program
        done = subprocess.run(
            ["node", program, *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _is_installed(self) -> bool:
        return (self._folder / "node_modules").is_dir() and all(
            (self._folder / name).exists()
            and (self._folder / name).read_bytes() == (HERE / name).read_bytes()
            for name in DESCRIBED_BY
        )
