"""What `telerehab run` says once everything answers: what runs where."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from telerehab.settings import GATEWAY, Settings


def announcement(names: Sequence[str], settings: Settings, *, embedded: bool) -> str:
    """The text for the terminal: an aligned table of the services and what a person may want to open."""
    rows = [("", "HTTP", "gRPC")]
    for name in names:
        own = settings.of(name)
        rows.append((name, own.url, own.grpc))
    rows.append(("", "", ""))
    if GATEWAY in names:
        rows += [
            ("start page", f"{settings.public}/", ""),
            ("FHIR R4", f"{settings.public}/fhir/R4", ""),
        ]
    kept = f"embedded PostgreSQL in {settings.data.absolute()}" if embedded else "PostgreSQL as configured"
    rows += [("database", kept, "")]
    widths = [max(len(row[column]) for row in rows if row[2] or column == 0) for column in (0, 1)]
    lines = [f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in rows]
    title = f"telerehab {version('telerehab')} is ready. Ctrl-C stops it."
    return "\n".join(["", title, "", *lines, "", ""])
