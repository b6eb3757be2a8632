"""What must hold between the answers of several searches, whatever is stored.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.conformance.search_oracle.corpus import COUNTS
from tests.conformance.search_oracle.definitions import search_parameters
from tests.conformance.search_oracle.meaning import codes
from tests.conformance.search_oracle.queries import NOT_SEARCHED, Criterion, Queries, escaped
from tests.conformance.search_oracle.store import Store, link, matched

EACH = 40
FORM = {"content-type": "application/x-www-form-urlencoded"}


def drawn(store: Store, seed: int, number: int = EACH) -> Iterator[tuple[str, list[Criterion]]]:
    queries = Queries(seed, store.meaning)
    return (queries.query() for _ in range(number))


def pairs_of_one_type(store: Store, seed: int) -> Iterator[tuple[str, Criterion, Criterion]]:
    queries = Queries(seed, store.meaning)
    for number in range(EACH):
        type_ = list(COUNTS)[number % len(COUNTS)]
        yield type_, queries.criterion(type_), queries.criterion(type_)


async def test_values_joined_by_commas_are_the_union(store: Store) -> None:
    queries = Queries(7001, store.meaning)
    by_name: dict[tuple[str, str], set[str]] = {}
    for number in range(600):
        type_ = list(COUNTS)[number % len(COUNTS)]
        name, value = queries.criterion(type_)
        by_name.setdefault((type_, name), set()).add(value)
    told = 0
    for (type_, name), values in by_name.items():
        if len(values) < 2 or {"not", "missing", "above", "below"} & set(name.split(":")):
            continue
        value, other = sorted(values)[:2]
        one, two = await store.set(type_, [(name, value)]), await store.set(type_, [(name, other)])
        assert await store.set(type_, [(name, f"{value},{other}")]) == one | two, (type_, name, value, other)
        told += one != two
    assert told > EACH


async def test_criteria_together_are_the_intersection(store: Store) -> None:
    told = 0
    for type_, one, other in pairs_of_one_type(store, 7002):
        both = await store.set(type_, [one]) & await store.set(type_, [other])
        assert await store.set(type_, [one, other]) == both, (type_, one, other)
        told += bool(both)
    assert told > 5


async def test_pages_joined_are_the_whole_and_hold_nothing_twice(store: Store) -> None:
    for number, (type_, criteria) in enumerate(drawn(store, 7003)):
        pages = await store.pages(type_, [*criteria, ("_count", str(3 + number % 9))])
        joined = [name for page in pages for name in page]
        assert joined == await store.all(type_, criteria), (type_, criteria)
        assert len(set(joined)) == len(joined)


async def test_pages_hold_what_does_not_change_once_while_others_are_written(store: Store) -> None:
    own = "https://tags.example|paged"
    stays = [f"Organization/stays{number}" for number in range(12)]
    moves = [f"Organization/moves{number}" for number in range(6)]
    for names, step in ((stays[:6], 0), (moves, 0), (stays[6:], 0)):
        await store.batch([("PUT", name, tagged(name, step)) for name in names])
    for sort in ("", "name", "-_lastUpdated", "_id"):
        asked = [("_tag", own), ("_count", "3"), *([("_sort", sort)] if sort else [])]
        bundle = await store.bundle("Organization", asked)
        found = matched(bundle)
        for step in range(1, 20):
            next_ = link(bundle, "next")
            if next_ is None:
                break
            method = "DELETE" if step % 3 == 2 else "PUT"
            written = moves[step % len(moves)]
            content = tagged(written, step) if method == "PUT" else None
            await store.batch([(method, written, content)])
            bundle = (await store.client.get(next_)).json()
            found += matched(bundle)
        assert [found.count(name) for name in stays] == [1] * len(stays), sort
    await store.batch([("DELETE", name, None) for name in [*stays, *moves]])


def tagged(name: str, step: int) -> dict[str, object]:
    id_ = name.partition("/")[2]
    tag = {"system": "https://tags.example", "code": "paged"}
    return {
        "resourceType": "Organization",
        "id": id_,
        "meta": {"tag": [tag]},
        "name": f"{step * 7 % 10} {id_}",
    }


async def test_not_is_the_complement_within_the_type(store: Store) -> None:
    for type_ in COUNTS:
        everything = await store.set(type_, [])
        for code, parameter in search_parameters(type_).items():
            if parameter["type"] != "token" or code in NOT_SEARCHED | {"_id"}:
                continue
            stored = {
                c for name in everything for e in store.meaning.elements(name, code) for _, c in codes(e)
            }
            for value in sorted(filter(None, stored))[:2]:
                inside = await store.set(type_, [(code, escaped(value))])
                outside = await store.set(type_, [(f"{code}:not", escaped(value))])
                assert inside, (type_, code, value)
                assert (inside | outside, inside & outside) == (everything, set()), (type_, code, value)


async def test_missing_and_not_missing_are_all(store: Store) -> None:
    for type_ in COUNTS:
        everything = await store.set(type_, [])
        for code, parameter in search_parameters(type_).items():
            if parameter["type"] in ("composite", "special") or code in NOT_SEARCHED | {"_id"}:
                continue
            missing = await store.set(type_, [(f"{code}:missing", "true")])
            there = await store.set(type_, [(f"{code}:missing", "false")])
            assert (missing | there, missing & there) == (everything, set()), (type_, code)


async def test_totals_are_the_number_of_matches(store: Store) -> None:
    for type_, criteria in drawn(store, 7004):
        found = await store.all(type_, criteria)
        for asked in ([("_total", "accurate"), ("_count", "2")], [("_summary", "count")], [("_count", "0")]):
            bundle = await store.bundle(type_, [*criteria, *asked])
            assert bundle["total"] == len(found), (type_, criteria, asked)
            assert len(matched(bundle)) <= 2


async def test_a_sort_finds_the_same(store: Store) -> None:
    by = {"Patient": "-birthdate,family", "Observation": "date", "Encounter": "-date", "Condition": "_id"}
    for type_, criteria in drawn(store, 7005):
        sort = by.get(type_, "-_lastUpdated")
        ordered = [
            n
            for page in await store.pages(type_, [*criteria, ("_sort", sort), ("_count", "9")])
            for n in page
        ]
        assert sorted(ordered) == sorted(await store.all(type_, criteria)), (type_, criteria, sort)


INCLUDES = [
    ("Observation", "patient"),
    ("Observation", "encounter"),
    ("Observation", "performer"),
    ("Patient", "organization"),
    ("Patient", "general-practitioner"),
    ("RiskAssessment", "condition"),
    ("Encounter", "service-provider"),
    ("Organization", "partof"),
]


@pytest.mark.parametrize(("type_", "code"), INCLUDES)
async def test_an_include_adds_what_is_referred_to_and_nothing_else(
    store: Store, type_: str, code: str
) -> None:
    bundle = await store.bundle(type_, [("_include", f"{type_}:{code}"), ("_count", "1000")])
    matches = matched(bundle)
    assert sorted(matches) == sorted(await store.all(type_, []))
    referred = {to for name in matches for to in store.meaning.referred(name, code)}
    included = matched(bundle, "include")
    assert sorted(included) == sorted(referred - set(matches))
    assert referred


@pytest.mark.parametrize(("type_", "code"), INCLUDES)
async def test_a_revinclude_adds_what_refers_to_a_match_and_nothing_else(
    store: Store, type_: str, code: str
) -> None:
    target = next(iter(sorted(store.meaning.referred(await any_with(store, type_, code), code))))
    kind, _, id_ = target.partition("/")
    bundle = await store.bundle(kind, [("_id", id_), ("_revinclude", f"{type_}:{code}"), ("_count", "1000")])
    assert matched(bundle) == [target]
    expected = {n for n in await store.all(type_, []) if target in store.meaning.referred(n, code)}
    assert sorted(matched(bundle, "include")) == sorted(expected - {target})


async def any_with(store: Store, type_: str, code: str) -> str:
    return next(name for name in sorted(await store.all(type_, [])) if store.meaning.referred(name, code))


async def test_post_search_finds_what_get_does(store: Store) -> None:
    for type_, criteria in drawn(store, 7006):
        asked = [*criteria, ("_count", "15")]
        posted = await store.client.post(f"{type_}/_search", content=urlencode(asked), headers=FORM)
        got = await store.bundle(type_, asked)
        assert posted.status_code == 200, posted.text
        assert matched(posted.json()) == matched(got), (type_, criteria)
        assert link(posted.json(), "self") == link(got, "self")


CHAINS = [
    ("Observation", "patient", "Patient"),
    ("Condition", "encounter", "Encounter"),
    ("Patient", "organization", "Organization"),
    ("Encounter", "practitioner", "Practitioner"),
    ("RiskAssessment", "condition", "Condition"),
]


@pytest.mark.parametrize(("type_", "code", "target"), CHAINS)
async def test_a_chain_is_two_searches_joined(store: Store, type_: str, code: str, target: str) -> None:
    queries = Queries(7007, store.meaning)
    told = 0
    for _ in range(12):
        name, value = queries.criterion(target)
        ends = sorted(await store.all(target, [(name, value)]))
        joined = await store.set(type_, [(code, ",".join(ends))]) if ends else set()
        assert await store.set(type_, [(f"{code}.{name}", value)]) == joined, (name, value)
        told += bool(joined)
    assert told > 1


@pytest.mark.parametrize(("type_", "code", "target"), CHAINS)
async def test_has_is_two_searches_joined(store: Store, type_: str, code: str, target: str) -> None:
    queries = Queries(7008, store.meaning)
    told = 0
    for _ in range(12):
        name, value = queries.criterion(type_)
        ends = await store.all(type_, [(name, value)])
        joined = {to for end in ends for to in store.meaning.referred(end, code)}
        assert await store.set(target, [(f"_has:{type_}:{code}:{name}", value)]) == joined, (name, value)
        told += bool(joined)
    assert told > 1


async def test_nothing_is_in_two_halves_of_time(store: Store) -> None:
    everything = await store.all("Observation", [("_sort", "_lastUpdated")])
    middle = await store.client.get(everything[len(everything) // 2])
    at = middle.json()["meta"]["lastUpdated"]
    earlier = await store.set("Observation", [("_lastUpdated", f"lt{at}")])
    later = await store.set("Observation", [("_lastUpdated", f"ge{at}")])
    assert earlier | later == set(everything)
    assert not earlier & later
    assert earlier or later
