"""The page at `/docs`, for people: the capability statement as it is now, with examples; no script, no outside asset.

https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template

from telerehab.access import Caller
from telerehab.engine import BASE_PATH
from telerehab.fhir import json
from telerehab.fhir.definitions.search_parameters import search_parameters
from telerehab.fhir.json import JsonObject
from telerehab.observability.asgi import Receive, Scope, Send, respond
from telerehab.server.capability_statement import RESULT_PARAMETERS
from telerehab.server.page_policy import headers_for
from telerehab.server.request import FhirRequest, FhirResponse

_FILES = files(__package__)
_STYLE = "".join(_FILES.joinpath(name).read_text("utf-8") for name in ("front_page.css", "documentation.css"))
_PAGE = Template(_FILES.joinpath("documentation.html").read_text("utf-8"))
_HEADERS = headers_for(_STYLE)
_READER = Caller("documentation")

_INTERACTIONS = {
    "read": ("GET [type]/[id]", "410 where it has been deleted"),
    "vread": ("GET [type]/[id]/_history/[version]", ""),
    "create": (
        "POST [type]",
        "If-None-Exist: only where nothing matches; Idempotency-Key: once, however often",
    ),
    "update": (
        "PUT [type]/[id]",
        "If-Match: W/&quot;3&quot; refuses where somebody was faster; creates, too",
    ),
    "patch": ("PATCH [type]/[id]", ""),
    "delete": ("DELETE [type]/[id]", "its history stays"),
    "search-type": ("GET [type]?name=value", "or POST [type]/_search with a form; pages by their next link"),
    "history-instance": ("GET [type]/[id]/_history", ""),
    "history-type": ("GET [type]/_history", ""),
    "history-system": ("GET _history", ""),
    "search-system": ("GET ?_type=A,B&amp;name=value", "several types, one after the other"),
    "batch": ("POST a Bundle of type batch", "each entry alone"),
    "transaction": ("POST a Bundle of type transaction", "all entries or none"),
}
"""Of each interaction its request and a remark, as HTML."""

Definitions = Mapping[str, JsonObject]


class Documentation:
    """The page as an ASGI app: what `answer` says to `GET metadata`, shown.

    `definitions` are OperationDefinitions by their url, where they are at hand; `note` is a sentence for readers.
    """

    def __init__(
        self,
        title: str,
        answer: Callable[[FhirRequest], Awaitable[FhirResponse]],
        base_url: str,
        definitions: Definitions,
        note: str = "",
    ) -> None:
        self._answer = answer
        self._base_url = base_url
        self._page = lru_cache(maxsize=1)(
            lambda statement: render(
                title, json.parse_object(statement), base_url, definitions, note
            ).encode()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = await self._answer(FhirRequest("GET", ("metadata",), _READER, self._base_url))
        if said.status != 200:
            await respond(send, said.status, said.body, said.headers["content-type"])
            return
        await respond(send, 200, self._page(said.body), "text/html; charset=utf-8", _HEADERS)


def render(title: str, statement: JsonObject, base_url: str, definitions: Definitions, note: str) -> str:
    """The page's HTML for a CapabilityStatement."""
    rest = statement["rest"][0]
    resources: list[JsonObject] = rest.get("resource", [])
    types = [str(resource["type"]) for resource in resources]
    return _PAGE.substitute(
        title=escape(title),
        style=_STYLE,
        base=escape(base_url),
        note=escape(f" {note}" if note else ""),
        examples=_examples(base_url, "Patient" if "Patient" in types else types[0]),
        interactions=_interactions(rest, resources),
        operations=_operations(rest, resources, definitions),
        results=", ".join(RESULT_PARAMETERS),
        types="\n".join(map(_type, resources)),
        version=escape(str(statement["software"]["version"])),
    )


def _examples(base_url: str, type_: str) -> str:
    return escape(
        f"curl '{base_url}/{type_}?_count=5&_total=accurate'\n"
        f"curl '{base_url}/{type_}?_lastUpdated=ge2024-01-01&_sort=_lastUpdated'\n"
        f"curl -X POST '{base_url}/{type_}/$validate' -H 'content-type: application/fhir+json' \\\n"
        f'  -d \'{{"resourceType": "{type_}"}}\''
    )


def _interactions(rest: JsonObject, resources: Iterable[JsonObject]) -> str:
    listed = [one["code"] for resource in resources for one in resource["interaction"]]
    codes = dict.fromkeys([*listed, *(one["code"] for one in rest.get("interaction", ()))])
    told = ((code, *_INTERACTIONS[code]) for code in codes)
    return "\n".join(_row(code, f"<code>{request}</code>", remark) for code, request, remark in told)


def _operations(rest: JsonObject, resources: Iterable[JsonObject], definitions: Definitions) -> str:
    on: dict[tuple[str, str], list[str]] = {}
    said: dict[tuple[str, str], str] = {}
    for owner, place in [(rest, ""), *((resource, f"{resource['type']}/") for resource in resources)]:
        for operation in owner.get("operation", ()):
            key = (operation["name"], operation["definition"])
            on.setdefault(key, []).append(f"{place}${operation['name']}")
            said[key] = operation.get("documentation", "")
    if not on:
        return ""
    shown = (_operation(places, said[key], definitions.get(key[1])) for key, places in sorted(on.items()))
    return "<h2>Operations</h2>\n" + "\n".join(shown)


def _operation(places: list[str], said: str, definition: JsonObject | None) -> str:
    where = places[0] if len(places) == 1 else f"[type]/{places[0].rpartition('/')[2]}"
    parameters = definition.get("parameter", ()) if definition else ()
    rows = "\n".join(
        _row(
            f"<code>{escape(one['name'])}</code>",
            escape(f"{one['use']} {one['min']}..{one['max']} {one.get('type', 'parts')}"),
            escape(one.get("documentation", "")),
        )
        for one in parameters
    )
    text = escape(said or (definition or {}).get("description", ""))
    table = f"<table><tbody>\n{rows}\n</tbody></table>" if rows else ""
    return f"<details><summary><strong>{escape(where)}</strong></summary><p>{text}</p>{table}</details>"


def _type(resource: JsonObject) -> str:
    type_ = str(resource["type"])
    known = search_parameters(type_)
    rows = "\n".join(
        _row(
            f"<code>{escape(one['name'])}</code>",
            escape(one["type"]),
            escape(_said_of(type_, known[one["name"]].description)),
        )
        for one in resource.get("searchParam", ())
    )
    names = ", ".join(one["name"] for one in resource.get("searchParam", ()) if one["name"][:1] != "_")
    return (
        f'<details id="{escape(type_)}"><summary><strong>{escape(type_)}</strong><span>{escape(names)}</span></summary>'
        f'<p><a href="fhir/R4/{escape(type_)}?_count=5">{escape(f"{BASE_PATH}/{type_}")}</a></p>'
        f"<table><tbody>\n{rows}\n</tbody></table></details>"
    )


def _said_of(type_: str, description: str) -> str:
    """What a parameter means on a type; HL7 puts what it means on all of them into one text, a line each."""
    for line in description.splitlines():
        if line.startswith(f"* [{type_}]"):
            return line.partition("): ")[2]
    return description


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
