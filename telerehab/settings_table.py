"""The table of settings, made from the code: for the terminal and for docs/settings.md."""

from __future__ import annotations

from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY, table

_INTRODUCTION = f"""\
# Settings

Everything is set by environment variables. An unknown `TELEREHAB_` variable or a bad value stops the start with
one line that names it (exit status 2). An empty variable counts as not set. `<SERVICE>` is {", ".join(SERVICES)}
or {GATEWAY}, in capitals. This page is made by `make docs`.

"""


def as_text() -> str:
    """For the terminal: aligned columns."""
    rows = table()
    name_width, default_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [
        f"{name:<{name_width}}  {default:<{default_width}}  {meaning}" for name, default, meaning in rows
    ]
    return "\n".join(lines) + f"\n\n<SERVICE> is {', '.join(SERVICES)} or {GATEWAY}, in capitals.\n"


def as_markdown() -> str:
    """The page docs/settings.md."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, meaning in table()
    ]
    return _INTRODUCTION + "\n".join(lines) + "\n"
