"""Java for tests: jars that Maven fetches by a pom.xml, once for a machine.

https://maven.apache.org/plugins/maven-dependency-plugin/build-classpath-mojo.html
"""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

MAVEN_SECONDS = 300


class Lacking(RuntimeError):
    """This machine lacks what a foreign program needs; the message says what."""


def classpath(pom: Path, cache: Path) -> str:
    """The jars that `pom` names, fetched by Maven if they are not there; raises `Lacking`."""
    if shutil.which("java") is None:
        raise Lacking("there is no java on the PATH")
    kept = cache / f"{sha256(pom.read_bytes()).hexdigest()[:16]}.classpath"
    if kept.exists() and all(Path(jar).exists() for jar in kept.read_text().split(os.pathsep)):
        return kept.read_text()
    if shutil.which("mvn") is None:
        raise Lacking("there is no mvn on the PATH")
    for offline in (["--offline"], []):
        asked = ["mvn", "--batch-mode", "--quiet", *offline, "--file", str(pom)]
        found = subprocess.run(
            [*asked, "dependency:build-classpath", f"-Dmdep.outputFile={kept}"],
            capture_output=True,
            timeout=MAVEN_SECONDS,
            check=False,
        )
        if found.returncode == 0:
            return kept.read_text()
    raise Lacking(f"Maven finds no jars: {found.stdout.decode(errors='replace')[-500:]}")
