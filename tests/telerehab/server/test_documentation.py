"""The page at /docs says what metadata says, for people, without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from telerehab.engine import Engine
from telerehab.fhir.search import parameters
from tests.telerehab.server.conftest import client_of
from tests.telerehab.server.test_front_page import Elements

DOCS = "http://127.0.0.1:8080/docs"


@pytest.fixture(scope="module")
async def page(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get(DOCS)


async def test_all_that_metadata_claims_is_shown(page: httpx.Response, client: httpx.AsyncClient) -> None:
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    (rest,) = (await client.get("metadata")).json()["rest"]
    for resource in rest["resource"]:
        (section,) = re.findall(rf'<details id="{resource["type"]}">.*?</details>', page.text, re.DOTALL)
        for parameter in resource["searchParam"]:
            assert f"<code>{parameter['name']}</code>" in section
        for interaction in resource["interaction"]:
            assert f"<td>{interaction['code']}</td>" in page.text
        for operation in resource["operation"]:
            assert f"/${operation['name']}</strong>" in page.text
    assert "$" not in re.sub(r"\$validate|\$[a-z-]+</", "", page.text)


async def test_a_parameter_is_told_as_it_is_meant_on_its_type(page: httpx.Response) -> None:
    section = page.text.partition('<details id="Patient">')[2].partition("</details>")[0]
    assert "The patient&#x27;s date of birth" in section
    assert "RelatedPerson" not in section
    assert "birthdate" in parameters("Patient")


async def test_nothing_is_loaded_and_nothing_runs(page: httpx.Response) -> None:
    elements = Elements(page.text).found
    assert {tag for tag, _ in elements}.isdisjoint({"script", "link", "img", "iframe", "form", "object"})
    assert not [
        name for _, attributes in elements for name in attributes if name[:2] == "on" or name == "style"
    ]
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.headers.get_list("content-security-policy") == [
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ]


async def test_operations_tell_their_parameters(engines: Mapping[str, Engine]) -> None:
    async with client_of(engines["outcomes"]) as client:
        text = (await client.get(DOCS)).text
    assert re.search(
        r"\$validate</strong>.*?<code>resource</code></td><td>in 0\.\.1 Resource", text, re.DOTALL
    )


async def test_examples_work(page: httpx.Response, client: httpx.AsyncClient) -> None:
    (examples,) = re.findall(r"<pre>(.*?)</pre>", page.text, re.DOTALL)
    urls: list[Any] = re.findall(r"curl &#x27;(.*?)&#x27;", examples)
    assert len(urls) == 2
    for url in urls:
        assert (await client.get(url.replace("&amp;", "&"))).status_code == 200
