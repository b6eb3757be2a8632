"""Generate `telerehab/pb` from `proto/`: run by `make proto`.

The generated imports are rewritten from `telerehab.` to `telerehab.pb.telerehab.`, since our own packages of the
same names would otherwise shadow them. https://protobuf.dev/reference/python/python-generated/
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "proto"
TARGET = ROOT / "telerehab" / "pb"
_IMPORT = re.compile(r"^(from|import) telerehab\b", re.MULTILINE)
_SERVICE = re.compile(r"^service ", re.MULTILINE)


def generate(target: Path) -> None:
    """Write the Python code and stubs of every proto into the empty folder `target`."""
    protos = sorted(SOURCE.rglob("*.proto"))
    with_services = [proto for proto in protos if _SERVICE.search(proto.read_text())]
    _compile(protos, f"--python_out={target}", f"--pyi_out={target}")
    if with_services:
        _compile(with_services, f"--grpc_python_out={target}")
    for code in target.rglob("*.py*"):
        code.write_text(_IMPORT.sub(r"\1 telerehab.pb.telerehab", code.read_text()))
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()


def stale(fresh: Path, target: Path) -> list[str]:
    """The files of `target` that differ from `fresh`, are missing there, or should not be there."""
    names = {str(path.relative_to(root)) for root in (fresh, target) for path in root.rglob("*.py*")}
    names = {name for name in names if "__pycache__" not in name}
    return sorted(name for name in names if _text(fresh / name) != _text(target / name))


def _compile(protos: list[Path], *outputs: str) -> None:
    well_known = resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{SOURCE}", f"-I{well_known}", *outputs, *map(str, protos)]
    if protoc.main(arguments) != 0:
        sys.exit("the protos do not compile")


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def main() -> None:
    """Bring `telerehab/pb` up to date, touching only what differs."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        for name in stale(fresh, TARGET):
            if (fresh / name).exists():
                (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(fresh / name, TARGET / name)
            else:
                (TARGET / name).unlink()


if __name__ == "__main__":
    main()
