"""Chains, `_has` and hierarchies find what following the references by hand finds, whichever way they are asked."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from telerehab.access import EVERYTHING
from telerehab.fhir.search import Query, parse_query
from telerehab.fhir.search.matching import matches
from telerehab.fhir.search.parameter import parameter_hash
from telerehab.fhir.search.predicate import All, AnyOf, InHierarchy, Not, Predicate, ReferredBy, Refers
from telerehab.fhir.search.token_hash import token_hash
from telerehab.resource import Resource
from telerehab.store.search import links
from tests.telerehab.store.search.conftest import Corpus, MakeCorpus, Stored, references
from tests.telerehab.store.search.test_predicates import on_path

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUERIES = [
    ("Observation", "patient.gender=female"),
    ("Observation", "subject:Patient.family=a"),
    ("Observation", "subject.name=a"),
    ("Observation", "patient.gender:not=female"),
    ("Observation", "patient.birthdate=ge1970&status=final"),
    ("Observation", "encounter.service-provider.name:missing=false"),
    ("Condition", "subject:Patient.organization.name:missing=false"),
    ("Claim", "encounter.class=AMB,IMP&patient.gender=male"),
    ("Patient", "_has:Observation:patient:status=final"),
    ("Patient", "_has:Observation:patient:code=8302-2,http://loinc.org|29463-7"),
    ("Patient", "_has:Observation:subject:value-quantity=gt100&gender=male"),
    ("Patient", "_has:Encounter:patient:_has:Observation:encounter:status=final"),
    ("Patient", "_has:Observation:patient:encounter.status=finished"),
    ("Practitioner", "_has:Encounter:participant:subject:Patient.gender=female"),
    ("Encounter", "patient._has:Observation:patient:status=final"),
    ("Patient", "_has:List:subject:status=current"),
    ("Patient", "_list=long,example"),
    ("Condition", "_list=example"),
    ("Location", "partof:below=1"),
    ("Location", "partof:above=Location/2"),
    ("PractitionerRole", "location:below=Location/1"),
]
NOTHING = [
    ("Encounter", "patient.identifier=nobody"),
    ("Organization", "_has:Encounter:service-provider:_id=nothing"),
    ("Patient", "_list=current-allergies"),
    ("Organization", "partof:below=f001"),
]
WAYS = {
    "as it chooses": {},
    "in one statement": {"MANY": 0},
    "by tokens": {"FEW": 10_000},
    "by rows": {"FEW": 0},
}


def parsed(type_: str, text: str) -> Query:
    return parse_query(type_, [tuple(pair.split("=", 1)) for pair in text.split("&")])  # type: ignore[misc]


class ByHand:
    """Follows references in memory."""

    def __init__(self, corpus: Corpus) -> None:
        self.by_reference = {each.reference: each for each in corpus.stored}
        self.referring: dict[str, list[tuple[int, Stored]]] = {}
        for each in corpus.stored:
            for row in each.rows.references:
                self.referring.setdefault(f"{row.target_type}/{row.target_id}", []).append(
                    (row.parameter, each)
                )

    def meets(self, predicate: Predicate, stored: Stored) -> bool:
        match predicate:
            case All(of):
                return all(self.meets(each, stored) for each in of)
            case AnyOf(of):
                return any(self.meets(each, stored) for each in of)
            case Not(of):
                return not self.meets(of, stored)
            case Refers(keys, type_, of):
                return any(
                    self.meets(of, other) for other in self.targets(stored, set(map(token_hash, keys)), type_)
                )
            case ReferredBy(type_, _, parameters, target, of):
                return stored.rows.type == target and any(
                    parameter in parameters and other.rows.type == type_ and self.meets(of, other)
                    for parameter, other in self.referring.get(stored.reference, ())
                )
            case InHierarchy():
                hashes = set(map(token_hash, predicate.keys))
                return any(
                    (row.target_type, row.parameter in hashes) == (predicate.type, True)
                    and self.is_in(predicate, row.target_id)
                    for row in stored.rows.references
                )
        return matches(predicate, stored.rows, stored.last_updated)

    def targets(self, stored: Stored, parameters: set[int], type_: str) -> list[Stored]:
        named = [
            f"{row.target_type}/{row.target_id}"
            for row in stored.rows.references
            if row.parameter in parameters and row.target_type == type_
        ]
        return [self.by_reference[name] for name in named if name in self.by_reference]

    def is_in(self, link: InHierarchy, id_: str) -> bool:
        low, high = (id_, link.id) if link.below else (link.id, id_)
        return high in {low, *self.wholes(link.type, low, parameter_hash(link.type, link.part_of))}

    def wholes(self, type_: str, id_: str, part_of: int) -> set[str]:
        found: set[str] = set()
        level = [id_]
        while level:
            stored = self.by_reference.get(f"{type_}/{level.pop()}")
            for row in stored.rows.references if stored else ():
                if row.parameter == part_of and row.target_type == type_ and row.target_id not in found:
                    found.add(row.target_id)
                    level.append(row.target_id)
        return found


@cache
def by_hand(corpus: Corpus) -> ByHand:
    return ByHand(corpus)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("type_", "text"), QUERIES + NOTHING)
async def test_a_link_finds_what_following_references_finds(
    corpus: Corpus, type_: str, text: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(links, name, value)
    query = replace(parsed(type_, text), count=500)
    hand = by_hand(corpus)
    expected = [each.reference for each in reversed(corpus.of_type(type_)) if hand.meets(query.where, each)]
    for search in (corpus.search, on_path(corpus, 0), on_path(corpus, None, lead=True)):
        assert await references(search, query, EVERYTHING) == expected
    page = await corpus.search.page(replace(query, total="accurate", count=0), EVERYTHING)
    assert page.total == len(expected)


async def test_the_queries_above_are_worth_asking(corpus: Corpus) -> None:
    hand = by_hand(corpus)
    hits = [
        sum(hand.meets(parsed(type_, text).where, each) for each in corpus.of_type(type_))
        for type_, text in QUERIES
    ]
    assert [query for query, hit in zip(QUERIES, hits, strict=True) if not hit] == []


async def test_hierarchies_that_go_in_circles_end(make_corpus: MakeCorpus) -> None:
    places = [
        Resource.of({"resourceType": "Location", "id": name, "partOf": {"reference": f"Location/{whole}"}})
        for name, whole in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
    ]
    corpus: Corpus = await make_corpus(places)
    for direction, found in (("below", ["d", "c", "b", "a"]), ("above", ["d", "c", "b", "a"])):
        query = parsed("Location", f"partof:{direction}=a")
        assert await references(corpus.search, query, EVERYTHING) == [f"Location/{id_}" for id_ in found]


async def test_the_text_of_codes_is_found_from_its_start(corpus: Corpus) -> None:
    query = replace(parsed("Observation", "code:text=BODY weight"), count=1000)
    found = await references(corpus.search, query, EVERYTHING)
    assert found
    assert found == [each.reference for each in corpus.expected("Observation", query.where)]
    texts = parsed("Observation", "code:text=weight")
    assert len(await references(corpus.search, replace(texts, count=1000), EVERYTHING)) < len(found)
