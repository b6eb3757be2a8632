"""The hospital reads back what has come of its patient, and finds every version that anyone was shown."""

from __future__ import annotations

from demo.cast import Journey
from demo.client import reference_to
from demo.reading import in_order, require, without_version

OF_NO_PATIENT = frozenset(
    {"Organization", "Practitioner", "Location", "HealthcareService", "Schedule", "Slot"}
)


def read_everything(journey: Journey) -> None:
    """The hospital reads all of the patient back, page by page."""
    path = f"{journey.patient}/$everything?_count=50"
    everything = {reference_to(one): one for one in journey.hospital.pages(path)}
    ours = {
        reference
        for reference in map(without_version, journey.made)
        if reference.partition("/")[0] not in OF_NO_PATIENT
    }
    lacking = sorted(ours - everything.keys())
    require(not lacking, f"{len(lacking)} resources are lacking, such as {lacking[:3]}")
    journey.tell.note(f"{len(everything)} resources, among them all {len(ours)} of this patient.")
    journey.tell.link("everything", f"{journey.base}/{path}")


def poll(journey: Journey) -> None:
    """The hospital polls for what has changed since it began, and misses nothing."""
    made = journey.made
    types = sorted({version.partition("/")[0] for version in made})
    current, versions = set(), set()
    for type_ in types:
        since = ("_lastUpdated", f"ge{journey.began}"), ("_sort", "_lastUpdated"), ("_count", "100")
        found = journey.hospital.search(type_, *since)
        require(in_order(found), f"{type_} is not in order")
        current |= {reference_to(one) for one in found}
        history = journey.hospital.pages(f"{type_}/_history?_since={journey.began}&_count=100")
        versions |= {f"{reference_to(one)}/_history/{one['meta']['versionId']}" for one in history}
    missed = sorted({without_version(version) for version in made} - current)
    require(not missed, f"polling missed {len(missed)} resources, such as {missed[:3]}")
    gone = sorted(made - versions)
    require(not gone, f"the history misses {len(gone)} versions, such as {gone[:3]}")
    journey.tell.note(f"{len(current)} resources of {len(types)} types, {len(versions)} versions.")
    journey.tell.link("poll", f"{journey.base}/Encounter?_lastUpdated=ge{journey.began}&_sort=_lastUpdated")
