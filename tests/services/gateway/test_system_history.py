"""The history of the whole system: the owners' histories as one, page by page, without a version lost or doubled."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from tests.services.deployment import BASE, Deployment
from tests.services.gateway.bundles import FHIR, entry, goal, observation, patient, post, transaction

Json = dict[str, Any]


async def some_versions(deployment: Deployment) -> tuple[str, list[tuple[str, str]]]:
    """The time of the first of some versions at several owners, and what they are, oldest first."""
    id_ = uuid4().hex
    subject = f"Patient/{id_}"
    made: list[tuple[str, str]] = []
    since = ""
    for method, url, content in [
        ("PUT", subject, patient(id=id_)),
        ("PUT", f"Goal/{id_}", goal(subject, id=id_)),
        ("PUT", f"Observation/{id_}", observation(subject, id=id_)),
        ("PUT", subject, patient("Other", id=id_)),
        ("DELETE", f"Goal/{id_}", None),
        ("PUT", f"Goal/{id_}", goal(subject, id=id_)),
    ]:
        answer = await deployment.client.request(method, url, json=content, headers=FHIR)
        assert answer.status_code < 300, answer.text
        read = await deployment.client.get(f"{url}/_history?_count=1")
        since = since or read.json()["entry"][0]["response"]["lastModified"]
        made.append((method, url))
    return since, made


async def pages(deployment: Deployment, url: str) -> list[Json]:
    found: list[Json] = []
    while url:
        answer = await deployment.client.get(url)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["type"] == "history"
        found += page.get("entry", ())
        links = {link["relation"]: link["url"] for link in page["link"]}
        assert links["self"].startswith(f"{BASE}/_history")
        url = links.get("next", "")
    return found


def told(entries: list[Json]) -> list[tuple[str, str]]:
    return [(each["request"]["method"], each["request"]["url"]) for each in entries]


async def listed_since(deployment: Deployment, since: str, number: int, query: str = "") -> list[Json]:
    """The versions since then, once all of them are before the safe time."""
    async with asyncio.timeout(60):
        while True:
            found = await pages(deployment, f"_history?_since={since}{query}")
            if len(found) >= number:
                return found


async def test_it_is_the_history_of_all_owners_newest_first(deployment: Deployment) -> None:
    since, made = await some_versions(deployment)
    newest = await listed_since(deployment, since, len(made))
    assert told(newest) == list(reversed(made))
    for count in (1, 2, 5):
        assert await listed_since(deployment, since, len(made), f"&_count={count}") == newest
    oldest = await listed_since(deployment, since, len(made), "&_count=2&_sort=_lastUpdated")
    assert oldest == list(reversed(newest))
    statuses = [each["response"]["status"][:3] for each in oldest]
    assert statuses == ["201", "201", "201", "200", "204", "200"]
    assert "resource" not in oldest[4]
    assert oldest[0]["fullUrl"] == f"{BASE}/{made[0][1]}"


async def test_without_since_it_begins_with_the_newest(deployment: Deployment) -> None:
    _, made = await some_versions(deployment)
    page = (await deployment.client.get("_history?_count=3")).json()
    assert told(page["entry"]) == list(reversed(made))[:3]


async def test_at_shows_what_was_current_then(deployment: Deployment) -> None:
    since, made = await some_versions(deployment)
    versions = await listed_since(deployment, since, len(made), "&_sort=_lastUpdated")
    moment = versions[3]["response"]["lastModified"]
    current = await pages(deployment, f"_history?_at={moment}&_count=50")
    mine = [each for each in current if each["request"]["url"] in {url for _, url in made}]
    assert [told([each])[0] for each in mine] == [made[3], made[2], made[1]]
    assert mine[0]["resource"]["name"][0]["family"] == "Other"


async def test_a_poller_that_goes_on_from_where_it_ended_misses_nothing(deployment: Deployment) -> None:
    since, made = await some_versions(deployment)
    seen: set[str] = set()

    async def poll(stop: asyncio.Event) -> None:
        start = since
        while True:
            last = stop.is_set()
            page = (await deployment.client.get(f"_history?_since={start}&_count=1000")).json()
            seen.update(f"{e['request']['url']} {e['response']['etag']}" for e in page.get("entry", ()))
            start = page["meta"]["lastUpdated"]
            if last and len(seen) >= expected:
                return

    expected = len(made) + 40
    stop = asyncio.Event()
    async with asyncio.timeout(60):
        polling = asyncio.create_task(poll(stop))
        await asyncio.gather(
            *(
                post(
                    deployment,
                    transaction(
                        entry("PUT", f"Patient/{id_}", patient(id=id_)),
                        entry("PUT", f"Goal/{id_}", goal(f"Patient/{id_}", id=id_)),
                    ),
                )
                for id_ in (uuid4().hex for _ in range(20))
            )
        )
        stop.set()
        await polling
    assert len(seen) == expected


async def test_a_history_with_gaps_is_refused(fragile: Deployment) -> None:
    await fragile.stop("outcomes")
    answer = await fragile.client.get("_history")
    assert answer.status_code == 503
    assert "outcomes" in answer.json()["issue"][0]["diagnostics"]


async def test_what_is_shown_is_on_record_at_each_owner(deployment: Deployment) -> None:
    await some_versions(deployment)
    name = "SELECT count(*) FROM audit WHERE query = '_history'"
    records = deployment.engines["records"].store
    before = (await records.pool.fetch(name))[0][0]
    await deployment.client.get("_history?_count=5")
    assert (await records.pool.fetch(name))[0][0] == before + 1
