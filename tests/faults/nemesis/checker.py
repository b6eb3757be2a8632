"""What must hold of a world after any faults; each promise is a function that names what breaks it.

https://jepsen.io/consistency describes the kind of promises; these are the platform's own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.faults.nemesis.recording import ACKNOWLEDGED, REFUSED, UNKNOWN, Recording
from tests.faults.nemesis.world import CHANGED, SEARCHES, Version, World, expected_of

Promise = Callable[[Recording, World], Iterator[str]]


def broken(recording: Recording, world: World) -> list[str]:
    """Everything that breaks a promise, as "promise: what"; empty if all of them hold."""
    return [
        f"{promise.__name__}: {what}"
        for promise in PROMISES
        for what in sorted(set(promise(recording, world)))
    ]


def acknowledged_is_there(recording: Recording, world: World) -> Iterator[str]:
    """Every version that an answer named is in the history, with what that request wrote."""
    there = {f"{each.reference}/{each.version}": each.marker for each in world.versions}
    for request in recording.requests:
        if request.outcome == ACKNOWLEDGED:
            for wrote in request.wrote:
                if there.get(wrote) != request.marker:
                    yield f"{wrote} of {request.marker}"
            if request.base and request.wrote[0].rpartition("/")[2] != str(request.base + 1):
                yield f"{request.wrote[0]} does not follow version {request.base}"


def all_or_nothing(recording: Recording, world: World) -> Iterator[str]:
    """A request wrote all of its resources once, or none if it was refused; either if its answer is unknown."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for version in world.versions:
        if version.marker:
            written[version.marker][version.type] += 1
    for request in recording.requests:
        whole = Counter(request.types)
        has = written.pop(request.marker, Counter[str]())
        nothing = Counter[str]()
        allowed = {ACKNOWLEDGED: [whole], REFUSED: [nothing], UNKNOWN: [whole, nothing]}[request.outcome]
        if has not in allowed or (has and request.kind == "invalid"):
            yield f"{request.marker} ({request.kind}, {request.outcome}) wrote {dict(has)} of {dict(whole)}"
    for marker in written:
        yield f"{marker} was never asked for"


def versions_are_contiguous(recording: Recording, world: World) -> Iterator[str]:
    """Versions are 1, 2, 3 …, each later than the one before."""
    for reference, versions in _histories(world).items():
        if [each.version for each in versions] != list(range(1, len(versions) + 1)):
            yield reference
        if any(before.updated >= after.updated for before, after in pairwise(versions)):
            yield f"{reference}: times"


def searches_find_it(recording: Recording, world: World) -> Iterator[str]:
    """Each kind of index finds every resource that the driver wrote, once, and nothing else."""
    for name, (type_, _) in SEARCHES.items():
        written = {each.reference for each in world.versions if each.type == type_ and each.marker}
        found = Counter(world.found[name])
        for reference in written ^ set(found) | {each for each, times in found.items() if times > 1}:
            yield f"{name}: {reference}"


def said_once_for_each_version(recording: Recording, world: World) -> Iterator[str]:
    """The log has one ResourceChanged for each version; where a broker may repeat a record, with the same id."""
    versions = {(each.reference, each.version) for each in world.versions}
    types = {each.type for each in world.versions}
    ids: dict[tuple[str, int], list[str]] = defaultdict(list)
    for event in world.said:
        if event.type == CHANGED and event.subject.partition("/")[0] in types:
            ids[event.subject, event.version].append(event.id)
    for reference, version in versions ^ set(ids):
        yield f"{reference}/{version}"
    for (reference, version), said in ids.items():
        if len(set(said) if world.log_repeats else said) != 1:
            yield f"{reference}/{version} {len(said)} times"
    if world.unsaid:
        yield f"{world.unsaid} events are still in an outbox"


def said_in_order(recording: Recording, world: World) -> Iterator[str]:
    """Events of one resource have one key and one partition, in the order of its versions."""
    places: dict[str, tuple[bytes, tuple[str, int]]] = {}
    last: dict[str, int] = defaultdict(int)
    offsets: dict[tuple[str, int], list[int]] = defaultdict(list)
    known: set[str] = set()
    for event in sorted(world.said, key=lambda each: (each.partition, each.offset)):
        offsets[event.partition].append(event.offset)
        if event.id in known:
            continue
        known.add(event.id)
        if event.type == CHANGED:
            place = (event.key, event.partition)
            if places.setdefault(event.subject, place) != place or event.version <= last[event.subject]:
                yield f"{event.subject}/{event.version}"
            last[event.subject] = event.version
    for partition, those in offsets.items():
        if not world.log_repeats and those != list(range(len(those))):
            yield f"offsets of {partition[0]}"


def taken_once(recording: Recording, world: World) -> Iterator[str]:
    """Each handler has taken each event that it hears, and no other; none is a dead letter."""
    taken, expected = Counter(world.taken), expected_of(world.said)
    for pair in set(taken) ^ expected | {each for each, times in taken.items() if times > 1}:
        yield " ".join(pair)
    yield from world.dead_letters


def one_visit_for_each_booking(recording: Recording, world: World) -> Iterator[str]:
    """Each booked Appointment has one Encounter, cancelled if it is; there is no other visit."""
    newest = _newest(world)
    visits: dict[str, list[Version]] = defaultdict(list)
    for each in newest:
        if each.visit_of:
            visits[each.visit_of].append(each)
    for booked in newest:
        if booked.is_booked:
            has = visits.pop(booked.reference, [])
            wanted = "cancelled" if booked.status == "cancelled" else "planned"
            if [each.status for each in has] != [wanted]:
                yield f"{booked.reference} ({booked.status}) has {[each.status for each in has]}"
    for reference in visits:
        yield f"visits of {reference}"


def nobody_is_booked_twice(recording: Recording, world: World) -> Iterator[str]:
    """No two booked Appointments of one person overlap."""
    times = defaultdict(list)
    for each in _newest(world):
        if each.status == "booked" and each.during:
            for actor in each.actors:
                times[actor].append((*each.during, each.reference))
    for actor, those in times.items():
        for before, after in pairwise(sorted(those)):
            if after[0] < before[1]:
                yield f"{actor}: {before[2]} and {after[2]}"


def the_poller_missed_nothing(recording: Recording, world: World) -> Iterator[str]:
    """Who follows _lastUpdated was given the last version of each Observation."""
    for each in _newest(world):
        if each.type == "Observation" and f"{each.reference}/{each.version}" not in recording.polled:
            yield f"{each.reference}/{each.version}"


def never_a_defect(recording: Recording, world: World) -> Iterator[str]:
    """Whatever fails, no answer is a 500: what can't be done now is a 503."""
    for request in recording.requests:
        if request.status == 500:
            yield f"{request.marker} ({request.kind})"


PROMISES: tuple[Promise, ...] = (
    acknowledged_is_there,
    all_or_nothing,
    versions_are_contiguous,
    searches_find_it,
    said_once_for_each_version,
    said_in_order,
    taken_once,
    one_visit_for_each_booking,
    nobody_is_booked_twice,
    the_poller_missed_nothing,
    never_a_defect,
)


def _histories(world: World) -> dict[str, list[Version]]:
    histories: dict[str, list[Version]] = defaultdict(list)
    for each in sorted(world.versions, key=lambda each: each.version):
        histories[each.reference].append(each)
    return histories


def _newest(world: World) -> list[Version]:
    return [versions[-1] for versions in _histories(world).values()]
