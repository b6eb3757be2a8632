"""Ids of one person, in memory: as this process last saw them, which is less than a second ago.

Most services know of a few, most patients have none: what is not merged costs one look into a dict.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from telerehab.access import Access
from telerehab.fhir.outcome import FhirError
from telerehab.store.pool import Pool

POLL_SECONDS = 0.5

_CHANGED = "SELECT patient, into_patient, joined, change FROM patient_alias WHERE change > $1 ORDER BY change"


class Aliases:
    """Which Patient ids are of one person, in one service; `refresh` brings in what has been committed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._merged: set[tuple[str, str]] = set()
        self._beside: dict[str, set[str]] = {}
        self._seen = 0
        self._one_at_a_time = asyncio.Lock()

    def __bool__(self) -> bool:
        """Whether there are any at all."""
        return bool(self._merged)

    @property
    def merged(self) -> tuple[str, ...]:
        """Every Patient id that is of one person with another."""
        return tuple(sorted(self._beside))

    def of(self, patient: str) -> tuple[str, ...]:
        """All ids of the person, this one first: merges count in both directions and through each other."""
        if patient not in self._beside:
            return (patient,)
        person = {patient: None}
        left = [patient]
        while left:
            fresh = [one for one in sorted(self._beside[left.pop()]) if one not in person]
            person.update(dict.fromkeys(fresh))
            left += fresh
        return tuple(person)

    def of_all(self, patients: Iterable[str]) -> tuple[str, ...]:
        """All ids of several people, each once."""
        return tuple(dict.fromkeys(one for patient in patients for one in self.of(patient)))

    def widened(self, access: Access) -> Access:
        """The access to all of a person, where it is to one of the person's ids."""
        if access.patients is None or self._beside.keys().isdisjoint(access.patients):
            return access
        return replace(access, patients=frozenset(self.of_all(access.patients)))

    async def refresh(self) -> None:
        """Know all that is committed by now; FhirError 503 without a database."""
        async with self._one_at_a_time:
            for row in await self._pool.fetch(_CHANGED, self._seen):
                self._learn(row["patient"], row["into_patient"], row["joined"])
                self._seen = row["change"]

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Hear meanwhile of what other processes commit."""
        polling = asyncio.create_task(self._poll())
        try:
            yield
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            with suppress(FhirError):  # no search is answered without the database either
                await self.refresh()
            await asyncio.sleep(POLL_SECONDS)

    def _learn(self, patient: str, into: str, joined: bool) -> None:
        if joined:
            self._merged.add((patient, into))
            self._beside.setdefault(patient, set()).add(into)
            self._beside.setdefault(into, set()).add(patient)
            return
        self._merged.discard((patient, into))
        if (into, patient) in self._merged:
            return
        for one, other in ((patient, into), (into, patient)):
            beside = self._beside.get(one, set())
            beside.discard(other)
            if not beside:
                self._beside.pop(one, None)
