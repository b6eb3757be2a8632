"""The rules of who may import whom, as docs/architecture.md states them: run by `make lint`.

https://docs.python.org/3/library/ast.html#ast.Import
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

OUTSIDE_WORLD = (
    r"(asyncpg|grpc|kafka|httpx|aiohttp|requests|socket|subprocess|urllib\.request|http\.client)\b"
)
OUR_IO = r"telerehab\.(store|rpc|events\.(?!catalogue)|server|running)\b"


@dataclass(frozen=True)
class Rule:
    """Modules that match `importer` (and not `except_`) must not import what matches `imported`."""

    says: str
    importer: str
    imported: str
    except_: str = r"(?!)"


RULES = (
    Rule("telerehab never imports a service", r"telerehab\b", r"services\b"),
    Rule(
        "only telerehab.events.brokers.kafka knows Kafka",
        r".",
        r"kafka\b",
        r"telerehab\.events\.brokers\.kafka\b",
    ),
    Rule(
        "only the store, the PostgreSQL side of events, and projections speak SQL",
        r".",
        r"asyncpg\b",
        r"telerehab\.(store|events)\b|services\.\w+\.projections\b",
    ),
    Rule("the FHIR engine does no I/O", r"telerehab\.fhir\b", rf"{OUTSIDE_WORLD}|{OUR_IO}"),
    Rule(
        "domain calculations and rules do no I/O",
        r"services\.\w+\.(domain|rules|lifecycles)\b",
        rf"{OUTSIDE_WORLD}|{OUR_IO}",
    ),
    Rule("handlers call no service", r"services\.\w+\.handlers\b", r"(telerehab\.rpc|grpc)\b"),
    Rule(
        "only telerehab.server.http and its neighbours know the web framework",
        r".",
        r"(starlette|fastapi)\b",
        r"telerehab\.server\.(http|app|openapi)$|services\.gateway\.app$",
    ),
)
_SERVICE = re.compile(r"services\.(\w+)")


def violations(module: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and broken rule of every import in `source` that `module` must not make."""
    for line, imported in _imports(module, source):
        for rule in RULES:
            if (
                re.match(rule.importer, module)
                and not re.match(rule.except_, module)
                and re.match(rule.imported, imported)
            ):
                yield line, f"{module} imports {imported}: {rule.says}"
        own, other = _SERVICE.match(module), _SERVICE.match(imported)
        if own and other and own[1] != other[1]:
            yield line, f"{module} imports {imported}: services never import each other"


def _imports(module: str, source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, node.module or ""]).strip(".")
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def main() -> int:
    """Check the tree; gives 1 and lists the lines when a rule is broken."""
    found = 0
    for top in ("telerehab", "services"):
        for path in sorted((ROOT / top).rglob("*.py")):
            relative = path.relative_to(ROOT)
            module = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
            for line, message in violations(module, path.read_text()):
                print(f"{relative}:{line}: {message}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
