"""The same requests to any other FHIR base: what it answers in a second, and how long each search takes there.

Its CPU is unknown to us: start it pinned to cores of its own, or read it off beside this.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain, islice
from urllib.parse import urlsplit

from bench import requests, searches
from bench.client import Address, closed_loop, request, send
from bench.measuring import CONNECTIONS, WARMING
from bench.report import Report
from bench.resources import observations, patients, people
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject

IN_A_BUNDLE = 200
SECONDS = 5.0
WARM, SAMPLES = 5, 60


async def measure(base_url: str, count: int, report: Report) -> None:
    """Fill the server with `count` Observations and their patients, then measure; ValueError for an https URL."""
    url = urlsplit(base_url)
    if url.scheme != "http" or not url.hostname:
        raise ValueError("PEER is the http:// URL of a FHIR base")
    at, base = Address(url.hostname, url.port or 80), url.path.rstrip("/")
    started = time.perf_counter()
    resources = chain(people(patients(count)), map(_whole, observations(count)), requests.spares(count))
    await send(at, list(_bundles(base, resources)), 1)
    report.filled(count, count, time.perf_counter() - started)
    for search in searches.POOL + searches.CROSSING:
        stream = searches.requests_of(search, count, base)
        if not await _answers(at, list(islice(stream, WARM))):
            report.refused(search)
            continue
        report.search(search, await send(at, list(islice(stream, SAMPLES)), 1))
    for name, stream in {
        "read": requests.read(count, base),
        "create": requests.create(base),
        "update": requests.update(count, base),
        "mixed: create, read, update, delete": requests.mixed(count, base),
    }.items():
        await closed_loop(at, stream, CONNECTIONS, WARMING)
        report.throughput(name, await closed_loop(at, stream, CONNECTIONS, SECONDS))
    report.end()


async def _answers(at: Address, asked: list[bytes]) -> bool:
    try:
        await send(at, asked, 1)
    except RuntimeError:
        return False
    return True


def _whole(observation: JsonObject) -> JsonObject:
    """Without what refers to nothing that we put there."""
    return {name: value for name, value in observation.items() if name != "encounter"}


def _bundles(base: str, resources: Iterator[JsonObject]) -> Iterator[bytes]:
    while part := list(islice(resources, IN_A_BUNDLE)):
        entries = [
            {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
            for each in part
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        yield request("POST", base or "/", json.dump(bundle))
