"""A process that writes as fast as it is told, in every way there is, and records what became of each request.

`python -m tests.faults.nemesis.driver BASE FILE SEED RATE`: says "driving" when it does, until its stdin closes.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import aiohttp

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from tests.faults.nemesis import requests
from tests.faults.nemesis.recording import (
    ACKNOWLEDGED,
    REFUSED,
    Request,
    line_of,
    line_of_polled,
)

WORKERS = 48
TIMEOUT = aiohttp.ClientTimeout(total=25)
TRIES = 8
PATIENTS, PRACTITIONERS = 20, 6
KINDS = {"create": 34, "update": 24, "race": 6, "transaction": 14, "book": 14, "cancel": 4, "invalid": 4}
HEADERS = {"content-type": "application/fhir+json"}
FIRST = (datetime.now(UTC) + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)


class Driver:
    """Its workers share what is known to be there: `observations` and `visits` to change, people to book."""

    def __init__(self, http: aiohttp.ClientSession, base: str, file: TextIO, seed: int, rate: float) -> None:
        self._http, self._base, self._file, self._rate = http, base, file, rate
        self._chance = random.Random(seed)
        self._number = 0
        self._slots = 0
        self._observations: deque[tuple[str, int]] = deque(maxlen=2000)
        self._visits: deque[JsonObject] = deque(maxlen=200)
        self._people: dict[str, list[str]] = {}
        self._next = 0.0
        self.stopping = asyncio.Event()

    async def prepare(self) -> None:
        """Make the people."""
        for type_, count in (("Patient", PATIENTS), ("Practitioner", PRACTITIONERS)):
            made = []
            for _ in range(count):
                request, content = (
                    self._request("create", [type_]),
                    {"resourceType": type_, "name": [{"family": "Nemesis"}]},
                )
                await self._send(request, "POST", type_, requests.marked(content, request.marker), key=True)
                assert request.outcome == ACKNOWLEDGED, request
                made.append(request.wrote[0].rpartition("/")[0])
            self._people[type_] = made

    async def work(self) -> None:
        """Write until it is to stop, no faster than all workers together may."""
        loop = asyncio.get_running_loop()
        while not self.stopping.is_set():
            self._next = max(self._next + 1 / self._rate, loop.time() - 0.5)
            await asyncio.sleep(self._next - loop.time())
            (kind,) = self._chance.choices(list(KINDS), list(KINDS.values()))
            await getattr(self, f"_{kind}")()

    async def poll(self) -> None:
        """Follow the Observations by _lastUpdated as long as it writes, and then to the end; record what was seen."""
        seen: set[str] = set()
        since = utc(datetime.now(UTC) - timedelta(minutes=5))
        ended: datetime | None = None
        while ended is None or datetime.fromisoformat(since) <= ended:
            if self.stopped and ended is None:
                ended = datetime.now(UTC)
            since = await self._poll_once(since, seen) or since
            await asyncio.sleep(0.3)
        self._file.write(line_of_polled(sorted(seen)))

    stopped = False

    async def _poll_once(self, since: str, seen: set[str]) -> str | None:
        """Where to go on after all pages since then; None where one could not be had."""
        url = f"Observation?_lastUpdated=ge{since}&_sort=_lastUpdated&_count=500"
        until = None
        while url:
            try:
                async with self._http.get(f"{self._base}/{url}") as response:
                    if response.status != 200:
                        return None
                    page = json.parse_object(await response.read())
            except (aiohttp.ClientError, TimeoutError):
                return None
            for entry in page.get("entry", ()):
                if entry["search"]["mode"] != "match":
                    sys.stderr.write(f"{entry['resource']}\n")
                    continue
                resource = entry["resource"]
                seen.add(f"Observation/{resource['id']}/{resource['meta']['versionId']}")
            until = until or page["meta"]["lastUpdated"]  # of the first page: later pages may know of more
            url = requests.next_page(page)
        return until

    async def _create(self) -> None:
        request = self._request("create", ["Observation"])
        content = requests.observation(request.marker, self._person("Patient"), self._number)
        await self._send(request, "POST", "Observation", content, key=self._chance.random() < 0.5)
        self._keep(request)

    async def _update(self, race: int = 1) -> None:
        if not self._observations:
            return
        id_, version = self._observations.popleft()
        made = [self._request("update", ["Observation"], base=version) for _ in range(race)]
        patient = self._person("Patient")
        sending = []
        for request in made:
            content = {**requests.observation(request.marker, patient, self._number), "id": id_}
            sending.append(
                self._send(request, "PUT", f"Observation/{id_}", content, {"if-match": f'W/"{version}"'})
            )
        await asyncio.gather(*sending)
        for request in made:
            self._keep(request)

    async def _race(self) -> None:
        await self._update(race=2)

    async def _transaction(self) -> None:
        request = self._request("transaction", list(requests.OWNED))
        content = requests.transaction(request.marker)
        if (
            self._observations and self._chance.random() < 0.1
        ):  # the last entry is refused, and with it all others
            id_, _ = self._observations[-1]
            entry = {
                "resource": {**requests.observation(request.marker, "Patient/x", 0), "id": id_},
                "request": {"method": "PUT", "url": f"Observation/{id_}", "ifMatch": 'W/"100000"'},
            }
            content["entry"].append(entry)
            request.kind = "invalid"
        await self._send(request, "POST", "", content, key=self._chance.random() < 0.5)

    async def _book(self) -> None:
        self._slots += 1
        half_hours = self._slots // (2 * PRACTITIONERS) + self._chance.randrange(4)
        start = FIRST + timedelta(minutes=30 * half_hours)
        way = self._chance.choice(("$book", "create", "transaction"))
        request = self._request(way, ["Appointment"])
        wanted = requests.appointment(
            request.marker, (self._person("Patient"), self._person("Practitioner")), start
        )
        path, content = requests.booking(way, wanted)
        key = self._chance.random() < 0.5
        answer = await self._send(request, "POST", path, content, key=key)
        if way == "$book" and answer is not None:
            self._visits.append(answer["entry"][0]["resource"])

    async def _cancel(self) -> None:
        if not self._visits:
            return
        visit = self._visits.popleft()
        version = visit["meta"]["versionId"]
        request = self._request("cancel", ["Appointment"], base=int(version))
        content = {**requests.marked(visit, request.marker), "status": "cancelled"}
        await self._send(
            request, "PUT", f"Appointment/{visit['id']}", content, {"if-match": f'W/"{version}"'}
        )

    async def _invalid(self) -> None:
        request = self._request("invalid", ["Observation"])
        content = requests.observation(request.marker, "Patient/x", 0)
        await self._send(request, "POST", "Observation", {**content, "status": "no-such-status"})

    async def _send(
        self,
        request: Request,
        method: str,
        path: str,
        content: JsonObject,
        headers: dict[str, str] | None = None,
        *,
        key: bool = False,
    ) -> Any:
        """The answer if it is acknowledged; with a key it is asked again as long as that is unknown."""
        named = {"idempotency-key": request.marker} if key else {}
        body = json.dump(content)
        url = f"{self._base}/{path}" if path else self._base
        for attempt in range(TRIES if key else 1):
            await asyncio.sleep(min(0.25 * attempt, 1))
            try:
                async with self._http.request(
                    method, url, data=body, headers={**HEADERS, **named, **(headers or {})}
                ) as response:
                    answered = await response.read()
                    request.status = (
                        max(request.status, response.status) if response.status == 500 else response.status
                    )
            except (aiohttp.ClientError, TimeoutError):
                continue
            if response.status < 500:
                request.outcome = ACKNOWLEDGED if response.status < 300 else REFUSED
                break
        answer = json.parse_object(answered) if request.outcome == ACKNOWLEDGED else None
        if answer is not None and request.kind != "$book":
            request.wrote = requests.versions_in(answer)
        elif answer is not None:
            appointment = answer["entry"][0]["resource"]
            request.wrote = [f"Appointment/{appointment['id']}/{appointment['meta']['versionId']}"]
        self._file.write(line_of(request))
        return answer

    def _request(self, kind: str, types: list[str], base: int = 0) -> Request:
        self._number += 1
        return Request(f"m{self._number}", kind, types, base=base)

    def _keep(self, request: Request) -> None:
        if request.outcome == ACKNOWLEDGED:
            _, id_, version = request.wrote[0].split("/")
            self._observations.append((id_, int(version)))

    def _person(self, type_: str) -> str:
        return self._chance.choice(self._people[type_])


async def drive(base: str, file: Path, seed: int, rate: float) -> None:
    """Drive until stdin closes."""
    # aiohttp sends a PUT again when a kept connection is lost, and who is refused then may have been served before.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as http:
        with file.open("w") as record:
            driver = Driver(http, base, record, seed, rate)
            await driver.prepare()
            polling = asyncio.create_task(driver.poll())
            working = [asyncio.create_task(driver.work()) for _ in range(WORKERS)]
            sys.stdout.write("driving\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)
            driver.stopping.set()
            await asyncio.gather(*working)
            driver.stopped = True
            await polling


if __name__ == "__main__":
    asyncio.run(drive(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
