"""Whom the audit names: the client, as far as trusted proxies vouch for it, never what a client says of itself."""

from __future__ import annotations

import pytest

from telerehab.server.client_address import Proxies

PROXIES = Proxies("127.0.0.0/8,::1/128,10.1.0.0/16")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # a client says so of itself
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::1", ["2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", ["[2001:db8::7]"], "2001:db8::7"),
        ("127.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9 , 10.1.2.3"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.9,10.1.2.3"], "203.0.113.9"),
        ("10.1.2.3", ["10.1.9.9"], "10.1.9.9"),
        ("10.1.2.3", ["198.51.100.1, nonsense, 10.1.9.9"], "10.1.9.9"),
        ("10.1.2.3", ["unknown"], "10.1.2.3"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("10.1.2.3", ["1.1.1.1," * 5000 + "203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", ["198.51.100.1," + "10.1.1.1," * 100 + "10.1.9.9"], "10.1.1.1"),
        (None, ["198.51.100.1"], ""),
    ],
)
def test_client_is_the_nearest_that_is_not_a_trusted_proxy(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    headers = [(b"accept", b"*/*"), *((b"x-forwarded-for", value.encode()) for value in forwarded)]
    scope = {"type": "http", "client": (peer, 1) if peer else None, "headers": headers}
    assert PROXIES.client(scope) == client
