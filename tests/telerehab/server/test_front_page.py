"""The page for people: says what is and is not ready, loads nothing from elsewhere, runs no script."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from telerehab.observability.asgi import Message
from telerehab.owners import SERVICES
from telerehab.server.front_page import FrontPage, readiness_of_all, render
from telerehab.settings import load

ALL_READY = dict.fromkeys(SERVICES, True)


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_all_ready_is_said() -> None:
    page = render(load({}), ALL_READY)
    assert "Everything is ready" in page
    assert page.count(">ready</span>") == 1 + len(SERVICES)


def test_what_is_not_ready_is_named() -> None:
    page = render(load({}), ALL_READY | {"session": False})
    assert "Not ready: session" in page
    assert page.count(">not ready</span>") == 1


def test_nothing_is_loaded_and_nothing_runs() -> None:
    elements = Elements(render(load({}), ALL_READY)).found
    assert {tag for tag, _ in elements}.isdisjoint({"script", "link", "img", "iframe", "form", "object"})
    assert not [
        name for _, attributes in elements for name in attributes if name == "style" or name.startswith("on")
    ]


def test_addresses_inside_a_cluster_are_not_shown() -> None:
    page = render(load({"TELEREHAB_SESSION_URL": "http://session.cluster.internal:80"}), ALL_READY)
    assert "cluster.internal" not in page
    assert "http://127.0.0.1:8081/metrics" in page


def test_addresses_are_escaped() -> None:
    page = render(load({"TELEREHAB_PUBLIC_URL": "http://x/<b>&"}), ALL_READY)
    assert "http://x/&lt;b&gt;&amp;/fhir/R4" in page


async def test_policy_allows_the_one_style_only() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def health() -> dict[str, bool]:
        return ALL_READY

    async def receive() -> Message:
        return {"type": "http.request"}

    await FrontPage(load({}), health)({"type": "http", "path": "/"}, receive, send)
    headers = dict(sent[0]["headers"])
    style = re.search(r"<style>(.*?)</style>", sent[1]["body"].decode(), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = headers[b"content-security-policy"].decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy


async def test_services_that_do_not_answer_are_not_ready(base_port: int) -> None:
    settings = load({"TELEREHAB_PORT": str(base_port)})
    assert await readiness_of_all(settings)() == dict.fromkeys(SERVICES, False)
