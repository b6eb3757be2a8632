"""The page at `/` of the gateway, for people: what runs, how it is, where to look further; no script, no outside asset.

https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from importlib.metadata import version
from importlib.resources import files
from string import Template

import httpx

from telerehab.observability.asgi import Receive, Scope, Send, respond
from telerehab.owners import RECORDS, SERVICES, types_of
from telerehab.server.page_policy import headers_for
from telerehab.settings import GATEWAY, Settings

HEALTH_SECONDS = 1.5
Health = Callable[[], Awaitable[Mapping[str, bool]]]

_STYLE = files(__package__).joinpath("front_page.css").read_text("utf-8")
_PAGE = Template(files(__package__).joinpath("front_page.html").read_text("utf-8"))
_HEADERS = headers_for(_STYLE)


class FrontPage:
    """The page as an ASGI app; `health` tells of each service whether it is ready, at every view."""

    def __init__(self, settings: Settings, health: Health) -> None:
        self._settings = settings
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = render(self._settings, await self._health())
        await respond(send, 200, page.encode(), "text/html; charset=utf-8", _HEADERS)


def readiness_of_all(settings: Settings) -> Health:
    """Asks every service, wherever it runs, for `/readyz`; one that does not answer in time is not ready."""

    async def ask() -> Mapping[str, bool]:
        async with httpx.AsyncClient(timeout=HEALTH_SECONDS, trust_env=False) as client:
            answers = await asyncio.gather(*(_is_ready(client, settings.of(name).url) for name in SERVICES))
        return dict(zip(SERVICES, answers, strict=True))

    return ask


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


def render(settings: Settings, ready: Mapping[str, bool]) -> str:
    """The page's HTML for these services and their readiness."""
    missing = [name for name, is_ready in ready.items() if not is_ready]
    return _PAGE.substitute(
        style=_STYLE,
        overall="Not ready: " + ", ".join(missing) if missing else "Everything is ready",
        overall_class="bad" if missing else "good",
        rows="\n".join(_row(settings, name, is_ready) for name, is_ready in {GATEWAY: True, **ready}.items()),
        base=escape(f"{settings.public}/fhir/R4"),
        version=escape(version("telerehab")),
    )


def _row(settings: Settings, name: str, is_ready: bool) -> str:
    state, word = ("good", "ready") if is_ready else ("bad", "not ready")
    return (
        f'<tr><th scope="row">{escape(name)}</th><td class="owns">{escape(_owns(name))}</td>'
        f'<td><span class="{state}">{word}</span></td><td>{_links(settings, name)}</td></tr>'
    )


def _owns(name: str) -> str:
    if name == GATEWAY:
        return "the base URL, bundles, what spans services"
    if name == RECORDS:
        return "Patient, Practitioner, Organization and every other type"
    return ", ".join(sorted(types_of(name)))


def _links(settings: Settings, name: str) -> str:
    """Links to the service itself, unless it was given an address, which may be known inside a cluster only."""
    own = settings.services.get(name)
    if own is not None and own.url is not None:
        return ""
    url = escape(settings.of(name).url)
    places = {"docs": "API", "fhir/R4/metadata": "metadata", "metrics": "metrics"}
    return "".join(f'<a href="{url}/{place}">{word}</a>' for place, word in places.items())
