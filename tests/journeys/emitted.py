"""Everything that a platform answers while both stories are played on it, for whoever wants to judge it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from demo.cast import Journey
from demo.client import version_of
from demo.deployment import Deployment
from demo.journey import STORIES, Story, play
from demo.telling import Telling
from telerehab.fhir.json import JsonObject


@dataclass(frozen=True)
class Played:
    """A story that came true: what was told, and how many events of each type it made."""

    story: Story
    journey: Journey
    told: str
    said: Counter[str]


@cache
def played(platform: Deployment) -> Sequence[Played]:
    """Both stories, played once on a platform that does nothing else meanwhile."""
    return [_play(platform, story) for story in STORIES]


def emitted(platform: Deployment) -> Iterable[JsonObject]:
    """Every resource that was answered: all versions of what was made, Bundles, Parameters, OperationOutcomes.

    A version that was answered more than once comes once; what is in a Bundle comes alone as well.
    """
    seen: set[str] = set()
    for one in played(platform):
        for party in one.journey.parties:
            for answered in party.heard:
                for resource in _within(answered):
                    version = version_of(resource) if "versionId" in resource.get("meta", {}) else ""
                    if version not in seen:
                        yield resource
                    seen |= {version} - {""}


def _play(platform: Deployment, story: Story) -> Played:
    told = io.StringIO()
    journey = Journey(platform.base, Telling(told), platform.events)
    before = platform.events()
    play(journey, story)
    return Played(story, journey, told.getvalue(), platform.events() - before)


def _within(content: JsonObject) -> Iterator[JsonObject]:
    yield content
    if content["resourceType"] == "Bundle":
        for entry in content.get("entry", ()):
            outcome = entry.get("response", {}).get("outcome")
            yield from (one for one in (entry.get("resource"), outcome) if one)
