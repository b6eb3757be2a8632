"""What a browser may do with a page for people: show it with its one style sheet; run nothing, load nothing.

https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

import base64
import hashlib


def headers_for(style: str) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of a page whose one `<style>` holds `style`."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return ((b"content-security-policy", policy.encode()),)
