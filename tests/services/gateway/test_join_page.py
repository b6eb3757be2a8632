"""The link of a visit leads people to a page that says what it is, the same whatever the token."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.scheduling.domain.visit import as_visit
from telerehab.canonical import APPOINTMENT_VIRTUAL_SERVICE, join_link
from telerehab.observability import logs
from tests.services.deployment import PUBLIC, Deployment


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Configures the log into a file; gives its text so far."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    file = tmp_path / "log"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    logs.configure("info", "gateway", descriptor)

    def read() -> str:
        assert logs._writer is not None
        logs._writer.flush()
        return file.read_text()

    yield read
    logs.configure("warning")
    os.close(descriptor)
    root.handlers[:], root.level = before


async def test_the_link_of_a_visit_leads_to_a_page_for_people(
    deployment: Deployment, log: Callable[[], str]
) -> None:
    link = join_link(as_visit({"resourceType": "Appointment"}, f"{PUBLIC}/join"), APPOINTMENT_VIRTUAL_SERVICE)
    assert link is not None
    page = await deployment.client.get(link)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "call the clinic" in page.text
    assert link.rpartition("/")[2] not in page.text + str(page.headers)
    assert '"status":200' in log(), "the request is in the log"
    assert link.rpartition("/")[2] not in log()


async def test_a_token_that_is_none_leads_to_the_same_page(deployment: Deployment) -> None:
    pages = [await deployment.client.get(f"{PUBLIC}/join/{token}") for token in ("a" * 32, "b", "%00")]
    assert len({page.text for page in pages}) == 1
    assert {page.headers["referrer-policy"] for page in pages} == {"no-referrer"}
    assert {page.headers["cache-control"] for page in pages} == {"no-store"}
    assert "script" not in pages[0].text
    assert "default-src 'none'" in pages[0].headers["content-security-policy"]


@pytest.mark.parametrize("path", ["join", "join/", "join/a/b"])
async def test_what_is_no_link_is_no_page(deployment: Deployment, path: str) -> None:
    assert (await deployment.client.get(f"{PUBLIC}/{path}")).status_code == 404
