"""The address a request came from: of the connection, or, where a trusted proxy made that, what the proxy says.

https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from telerehab.observability.asgi import Scope

FORWARDED_FOR = b"x-forwarded-for"
_HOPS = 20  # looked at; a longer chain is somebody's joke

Network = IPv4Network | IPv6Network


class Proxies:
    """The proxies whose X-Forwarded-For is believed; `networks` are comma-separated."""

    def __init__(self, networks: str) -> None:
        self._networks: list[Network] = [ip_network(each) for each in networks.split(",")]
        self._trusts = lru_cache(maxsize=1024)(self._is_among)

    def client(self, scope: Scope) -> str:
        """The nearest address that is not a trusted proxy's, whatever lies beyond it; "" if there is none at all.

        A client can write what it likes into the header: only what trusted proxies added, from the right, counts.
        """
        peer = scope.get("client")
        address = peer[0] if peer else ""
        if not self._trusts(address):
            return address
        given = [value for name, value in scope["headers"] if name == FORWARDED_FOR]
        if not given:
            return address
        hops = b",".join(given).decode("latin-1").rsplit(",", _HOPS)[-_HOPS:]
        for hop in reversed(hops):
            named = _plain(hop.strip())
            if named is None:
                break
            address = named
            if not self._trusts(named):
                break
        return address

    def _is_among(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def _plain(hop: str) -> str | None:
    """The address alone; None if it is none."""
    try:
        parsed = ip_address(hop.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
