"""What a rule asked to `find`, read and guarded: references at an element path, or a search over own types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from telerehab.change import Change, Look, Rule, values_at
from telerehab.fhir.when import utc
from telerehab.owners import owner_of
from telerehab.resource import Resource
from telerehab.write_set import Counter

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork

_PLACEHOLDER = re.compile(r"\{([A-Za-z.]+)\}")
_DAYS_AGO = re.compile(r"\{now-(\d+)d\}")
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/.*)?")


class Finder:
    """Resolves `find` entries of rules for one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, rule: Rule, change: Change) -> Mapping[str, Sequence[Resource]]:
        return {name: await self._look(wanted, change) for name, wanted in rule.find.items()}

    async def _look(self, wanted: str | Look, change: Change) -> Sequence[Resource]:
        if not isinstance(wanted, str):
            return await wanted(change, self._work)
        return await (self._search(wanted, change) if "?" in wanted else self._references(wanted, change))

    async def _references(self, path: str, change: Change) -> list[Resource]:
        path, _, only = path.partition(":")
        found = []
        for type_, id_ in local_references(change, path):
            if only not in ("", type_):
                continue
            if owner_of(type_) == self._work.engine.service.name:
                resource = await self._work.read(type_, id_)
            else:
                resource = await self._work.elsewhere(f"{type_}/{id_}")
            if resource is not None:
                found.append(resource)
        return found

    async def _search(self, template: str, change: Change) -> list[Resource]:
        """What matches, as this work will leave it and without the judged resource; counters guard the answer."""
        values: list[str] = []

        def fill(match: re.Match[str]) -> str:
            values[:] = _values(change, match[1])
            return ",".join(values)

        now = self._work.now
        dated = template.replace("{now}", utc(now))
        dated = _DAYS_AGO.sub(lambda match: utc(now - timedelta(days=int(match[1]))), dated)
        query = _PLACEHOLDER.sub(fill, dated)
        if not values:
            return []
        store = self._work.engine.store
        keys = self._work.engine.counted_keys(template, values)
        for key, value in (await store.counters(keys)).items():
            self._work.count(Counter(key, value, bump=False))
        found = {resource.reference: resource for resource in await self._work.search(query)}
        type_ = template.partition("?")[0]
        for reference, planned in self._work.planned.items():
            found.pop(reference, None)
            after = planned.after
            if after is not None and after.type == type_ and self._work.engine.matches(query, after):
                found[reference] = after
        found.pop(change.subject.reference, None)
        return list(found.values())


def _values(change: Change, path: str) -> list[str]:
    """The references a placeholder stands for: {self} is the judged resource, else those at an element path."""
    if path == "self":
        return [change.subject.reference]
    return [f"{type_}/{id_}" for type_, id_ in local_references(change, path)]


def local_references(change: Change, path: str) -> list[tuple[str, str]]:
    """(type, id) of the relative references at `path`, of the new content and the old, each once."""
    seen: dict[tuple[str, str], None] = {}
    for resource in (change.after, change.before):
        if resource is None:
            continue
        for value in values_at(resource.content, path):
            reference = value.get("reference") if isinstance(value, dict) else value
            match = _LOCAL.fullmatch(reference) if isinstance(reference, str) else None
            if match:
                seen[match[1], match[2]] = None
    return list(seen)
