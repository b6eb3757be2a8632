"""The book a physiotherapist signs: a page for each file of clinical/, to be read, corrected by hand and signed.

Run by `make clinical`; writes self-contained HTML to build/clinical/. A page shows the file as tables and, at its
end, as it is: its bytes are what the hash and the signature stand for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from clinical import approvals, reading
from clinical.sources import sources

ROOT = Path(__file__).resolve().parent.parent
CASES = ("case", "change_case")
APART = ("id", "title", "version", "sources")

STYLE = """
@page { size: A4; margin: 18mm; }
body { font: 10.5pt/1.45 Georgia, serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
h1, h2, h3, h4 { font-family: Helvetica, Arial, sans-serif; line-height: 1.2; break-after: avoid; }
h2 { border-bottom: 1px solid #888; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; margin: .5em 0 1em; font-size: 9.5pt; }
th, td { border: 1px solid #aaa; padding: .25em .5em; text-align: left; vertical-align: top; }
th { font: bold 8.5pt Helvetica, Arial, sans-serif; background: #eee; }
tr { break-inside: avoid; }
section { break-inside: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 8pt; }
code { overflow-wrap: anywhere; }
.state { display: inline-block; padding: .2em .8em; border: 2px solid; font: bold 12pt Helvetica, Arial, sans-serif; }
.draft, .changed { color: #a00; } .approved { color: #060; }
.sign { break-inside: avoid; border: 2px solid #111; padding: 1em; margin-top: 2em; }
.sign td { height: 2.2em; }
"""

STATES = {
    "draft": "DRAFT: nobody has signed this",
    "changed": "CHANGED since it was signed: not approved",
    "approved": "APPROVED as it stands",
}


def page(file: str) -> str:
    """The page of `file` ("red-flags/hip.toml") as HTML."""
    table = reading.table(file)
    title = f"{table.get('title', file)}, version {table['version']}" if "version" in table else file
    state = approvals.state(file)
    content = {key: value for key, value in table.items() if key not in APART}
    return _html(
        title,
        f"<h1>{escape(title)}</h1>",
        f'<p><span class="state {state}">{STATES[state]}</span></p>',
        f"<p><code>clinical/{escape(file)}</code><br>SHA-256 <code>{approvals.digest(file)}</code></p>",
        _signed(file),
        _sources(table),
        *(_part(key, value, 2) for key, value in _ordered(content)),
        "<h2>The file as it is signed</h2>",
        f"<pre>{escape(reading.text(file))}</pre>",
        _signature(file),
    )


def index(files: Iterable[str]) -> str:
    """The page that lists all others with their state."""
    rows = "".join(
        f'<tr><td><a href="{_name(file)}">{escape(str(reading.table(file).get("title", file)))}</a></td>'
        f"<td>{escape(file)}</td><td>{escape(str(reading.table(file).get('version', '')))}</td>"
        f'<td class="{approvals.state(file)}">{approvals.state(file)}</td></tr>'
        for file in files
    )
    return _html(
        "Clinical content",
        "<h1>Clinical content</h1>",
        "<p>Every threshold, question, dose and deadline, one page for each file. A page is signed at its end; a file "
        "that is not approved in exactly this state is a draft, and the platform says so.</p>",
        f"<table><tr><th>what</th><th>file</th><th>version</th><th>state</th></tr>{rows}</table>",
    )


def write(folder: Path) -> list[Path]:
    """Write the book to `folder`; gives the pages, the index first."""
    folder.mkdir(parents=True, exist_ok=True)
    files = list(reading.paths())
    pages = {"index.html": index(files)} | {_name(file): page(file) for file in files}
    for name, html in pages.items():
        (folder / name).write_text(html, encoding="utf-8")
    return [folder / name for name in pages]


def _name(file: str) -> str:
    return file.removesuffix(".toml").replace("/", "-") + ".html"


def _html(title: str, *parts: str) -> str:
    head = f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    return f"{head}<style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"


def _sources(table: Mapping[str, Any]) -> str:
    cited = {*table.get("sources", ()), *_values_of("source", table)}
    known = {mark: text for mark, text in sources().items() if mark in cited}
    if not known:
        return ""
    rows = "".join(f"<tr><th>{escape(mark)}</th><td>{escape(text)}</td></tr>" for mark, text in known.items())
    return f"<h2>Sources</h2><table>{rows}</table>"


def _values_of(key: str, value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from [inner] if name == key and isinstance(inner, str) else _values_of(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values_of(key, inner)


def _ordered(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The entries of a file: single values first, worked cases last."""
    return sorted(table.items(), key=lambda entry: (entry[0] in CASES, isinstance(entry[1], dict | list)))


def _part(key: str, value: Any, depth: int) -> str:
    name = "Worked cases" if key == "case" else key.replace("_", " ").capitalize()
    if not isinstance(value, dict | list):
        return f"<p><b>{escape(name)}:</b> {_cell(value)}</p>"
    return f"<section><h{depth}>{escape(name)}</h{depth}>{_body(key, value, depth)}</section>"


def _body(key: str, value: Any, depth: int) -> str:
    if isinstance(value, dict):
        return _facts(value) if _flat(value) else "".join(_part(k, v, depth + 1) for k, v in value.items())
    if not all(isinstance(entry, dict) for entry in value):
        return "<ul>" + "".join(f"<li>{_cell(entry)}</li>" for entry in value) + "</ul>"
    if key in CASES or all(_flat(entry) for entry in value):
        return _rows(value)
    return "".join(_entry(entry, depth + 1) for entry in value)


def _entry(entry: Mapping[str, Any], depth: int) -> str:
    title = str(entry.get("title") or entry.get("id") or "")
    single = {key: value for key, value in entry.items() if key != "title" and _flat({key: value})}
    parts = "".join(
        _part(key, value, depth + 1) for key, value in entry.items() if key not in {*single, "title"}
    )
    return f"<section><h{depth}>{escape(title)}</h{depth}>{_facts(single)}{parts}</section>"


def _flat(table: Mapping[str, Any]) -> bool:
    """Whether the values are single, lists of single ones, or tables of single ones: what fits a cell."""
    return not any(
        any(
            isinstance(inner, dict | list) for inner in (value.values() if isinstance(value, dict) else value)
        )
        for value in table.values()
        if isinstance(value, dict | list)
    )


def _facts(table: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(key.replace('_', ' '))}</th><td>{_cell(value)}</td></tr>"
        for key, value in table.items()
    )
    return f"<table>{rows}</table>"


def _rows(entries: list[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(key for entry in entries for key in entry))
    head = "".join(f"<th>{escape(column.replace('_', ' '))}</th>" for column in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(entry.get(column, ''))}</td>" for column in columns) + "</tr>"
        for entry in entries
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(
            f"{escape(key.replace('_', ' '))} <b>{_cell(inner)}</b>" for key, inner in value.items()
        )
    if isinstance(value, list):
        return ("<br>" if any(isinstance(inner, dict) for inner in value) else ", ").join(map(_cell, value))
    return escape(str(value))


def _signed(file: str) -> str:
    return "".join(
        f"<p>Signed by {escape(one.who)}, {escape(one.role)}, {escape(one.licence)}, on {one.date}, for SHA-256 "
        f"<code>{escape(one.sha256)}</code></p>"
        for one in approvals.stated_approvals().approval
        if one.file == file
    )


def _signature(file: str) -> str:
    lines = "".join(
        f"<tr><th>{label}</th><td></td></tr>"
        for label in ("Name", "Role", "Licence number", "Date", "Signature")
    )
    entry = f'[[approval]]\nfile = "{file}"\nsha256 = "{approvals.digest(file)}"\n'
    entry += 'who = ""\nrole = ""\nlicence = ""\ndate = '
    return (
        '<div class="sign"><h2>Approval</h2><p>I have read this rule set, its sources and its worked cases, and '
        "approve it for clinical use in exactly the state that the hash above names.</p>"
        f"<table>{lines}</table><p>To be entered in <code>clinical/APPROVALS.toml</code>:</p>"
        f"<pre>{escape(entry)}</pre></div>"
    )


def main() -> int:
    """Write the book, and say where it is and what is not approved."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "clinical"
    pages = write(folder)
    waiting = [file for file in reading.paths() if approvals.state(file) != "approved"]
    print(f"{pages[0]}: {len(pages) - 1} rule sets, {len(waiting)} not approved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
