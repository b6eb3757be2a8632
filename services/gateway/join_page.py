"""The page at `/join/[token]`, for whoever opens the link of a video visit where no video room is connected to it.

It is the same for every token, so that nothing can be learned by trying some: docs/decisions/0089.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

from telerehab.observability.asgi import Receive, Scope, Send, respond
from telerehab.server.page_policy import headers_for

JOIN_PATH = "/join/{token}"

_STYLE = files("telerehab.server").joinpath("front_page.css").read_text("utf-8")
_PAGE = Template(files(__package__).joinpath("join_page.html").read_text("utf-8")).substitute(style=_STYLE)
_HEADERS = (
    *headers_for(_STYLE),
    (b"referrer-policy", b"no-referrer"),  # the address is the key: no page opened from here may see it
    (b"cache-control", b"no-store"),
    (b"x-robots-tag", b"noindex"),
)


class JoinPage:
    """The page as an ASGI app."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 200, _PAGE.encode(), "text/html; charset=utf-8", _HEADERS)
