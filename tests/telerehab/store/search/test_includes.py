"""Includes bring what matches refer to, and what refers to them, once each; a cut is told."""

from __future__ import annotations

import pytest

from telerehab.access import EVERYTHING
from telerehab.fhir.search import Include, Query, parse_query
from telerehab.fhir.search.predicate import IdIn
from telerehab.store.search import include, referring, targets
from tests.telerehab.store.search.conftest import Corpus

pytestmark = pytest.mark.asyncio(loop_scope="session")


def referred(corpus: Corpus, sources: set[str], includes: tuple[Include, ...]) -> set[str]:
    live = {each.reference for each in corpus.stored}
    return {
        f"{row.target_type}/{row.target_id}"
        for each in corpus.stored
        if each.reference in sources
        for wanted in includes
        for row in each.rows.references
        if row.parameter in wanted.parameters and wanted.target_type in (None, row.target_type)
    } & live


async def test_included_are_the_live_targets_that_did_not_match(corpus: Corpus) -> None:
    query = parse_query(
        "Encounter",
        [
            ("_count", "1000"),
            ("_include", "Encounter:subject:Patient"),
            ("_include", "Encounter:service-provider"),
        ],
    )
    page = await corpus.search.page(query, EVERYTHING)
    found = {each.reference for each in page.matches}
    included = [each.reference for each in page.included]
    assert len(included) == len(set(included))
    assert set(included) == referred(corpus, found, query.includes) - found
    assert included


async def test_iterate_follows_what_was_included(corpus: Corpus) -> None:
    to_encounter = parse_query("Claim", [("_include", "Claim:encounter")]).includes
    claim = next(each for each in corpus.of_type("Claim") if referred(corpus, {each.reference}, to_encounter))
    query = parse_query(
        "Claim",
        [
            ("_id", claim.rows.id),
            ("_include", "Claim:encounter"),
            ("_include:iterate", "Encounter:service-provider"),
            ("_include:iterate", "Organization:partof"),
        ],
    )
    page = await corpus.search.page(query, EVERYTHING)
    encounters = referred(corpus, {claim.reference}, query.includes[:1])
    assert encounters
    assert {each.reference for each in page.included} >= encounters | referred(
        corpus, encounters, query.includes[1:2]
    )


async def test_revincludes_are_those_that_refer_to_a_match(corpus: Corpus) -> None:
    patient = next(each for each in corpus.of_type("Patient") if len(each.rows.id) == 36)
    query = parse_query("Patient", [("_id", patient.rows.id), ("_revinclude", "Observation:subject")])
    page = await corpus.search.page(query, EVERYTHING)
    expected = {
        each.reference
        for each in corpus.of_type("Observation")
        if any(row.target_id == patient.rows.id for row in each.rows.references)
    }
    assert expected
    assert {each.reference for each in page.included} == expected


async def test_too_many_are_cut_and_told(corpus: Corpus) -> None:
    query = parse_query("Patient", [("_revinclude", "Observation:subject"), ("_count", "100")])
    page = await corpus.search.page(query, EVERYTHING)
    included, issues = await include(
        corpus.store.pool, page.matches, (), query.revincludes, EVERYTHING, corpus.store.aliases, most=10
    )
    assert len(included) == 10
    assert [issue.severity for issue in issues] == ["warning"]


async def test_callers_across_services_get_references_and_referrers(corpus: Corpus) -> None:
    encounter = next(each for each in corpus.of_type("Encounter") if each.rows.patients)
    found = await corpus.search.all(Query("Encounter", IdIn((encounter.rows.id,))), EVERYTHING, limit=2)
    subject = parse_query("Encounter", [("_include", "Encounter:subject")]).includes
    pool = corpus.store.pool
    assert await targets(pool, found, subject, ["Patient"], limit=9) == [
        ("Patient", encounter.rows.patients[0])
    ]
    assert await targets(pool, found, subject, ["Organization"], limit=9) == []
    claims = parse_query("Encounter", [("_revinclude", "Claim:encounter")]).revincludes
    referrers = await referring(pool, [("Encounter", encounter.rows.id)], claims, EVERYTHING, limit=10)
    assert {each.reference for each in referrers} == {
        each.reference
        for each in corpus.of_type("Claim")
        if any(row.target_id == encounter.rows.id for row in each.rows.references)
    }
