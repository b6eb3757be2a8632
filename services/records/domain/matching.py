"""How likely two Patient resources are about one person: evidence added up in bits, and the grade it comes to.

Fellegi and Sunter's model with fixed weights (decision 0084): what is stored of others changes no score.
https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp2
from typing import Any

from services.records.domain.agreement import (
    Level,
    best,
    contact_key,
    date_level,
    family_level,
    given_level,
    parts,
)

Json = Mapping[str, Any]

CERTAIN, PROBABLE, POSSIBLE, CERTAINLY_NOT = "certain", "probable", "possible", "certainly-not"

PRIOR = -20.0  # one in a million: who is asked for is rarely whom we look at
STRONG_IDENTIFIER = 26.0
STRONG_CONFLICT = -4.0
WEAK_IDENTIFIER = 10.0
FAMILY = {Level.SAME: 9.0, Level.NEAR: 4.0, Level.DIFFERENT: -4.5}
GIVEN = {Level.SAME: 6.5, Level.NEAR: 3.5, Level.PARTIAL: 2.0, Level.DIFFERENT: -4.0}
BIRTH_DATE = {Level.SAME: 14.0, Level.NEAR: 6.0, Level.PARTIAL: 6.0, Level.DIFFERENT: -5.5}
GENDER = {Level.SAME: 1.0, Level.DIFFERENT: -4.5}
CONTACT = {Level.SAME: 9.0, Level.DIFFERENT: -1.0}
ADDRESS = {Level.SAME: 9.0, Level.PARTIAL: 4.0, Level.DIFFERENT: -1.0}

PROBABLE_FROM = 0.9
POSSIBLE_FROM = 0.05
LESS_THAN_PROBABLE = 0.85
LESS_THAN_CERTAIN = 0.9999

STRONG_TYPES = frozenset({"DL", "HC", "JHN", "MR", "NH", "NI", "PI", "PPN", "PT", "SS"})
"""Of http://terminology.hl7.org/CodeSystem/v2-0203: numbers given to one person, not to a household or a visit."""
_PASSING = frozenset({"temp", "old", "secondary"})
_SAID_NOTHING = frozenset({None, "unknown", "other"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What two Patients have in common, field by field."""

    family: Level
    given: Level
    birth_date: Level
    gender: Level
    contact: Level
    address: Level
    strong: Level
    weak: Level
    conflict: bool = False
    """Whether a system of strong identifiers knows them by different numbers only."""

    @property
    def score(self) -> float:
        """How likely they are one person, from 0 to 1."""
        bits = PRIOR + sum(self._bits())
        score = 1 / (1 + exp2(-bits))
        if self.strong is Level.SAME:
            return max(score, POSSIBLE_FROM)  # for a human to see who is wrong
        return min(score, LESS_THAN_PROBABLE) if self.conflict else score

    @property
    def safe(self) -> bool:
        """Whether nobody need look again: a number of one person, the names and the date of birth all say so."""
        agreeing = (self.strong, self.family, self.given, self.birth_date)
        contradicted = self.conflict or self.gender is Level.DIFFERENT
        return all(one is Level.SAME for one in agreeing) and not contradicted

    def _bits(self) -> Iterator[float]:
        yield GIVEN.get(self.given, 0.0)
        yield BIRTH_DATE.get(self.birth_date, 0.0)
        yield GENDER.get(self.gender, 0.0)
        yield STRONG_IDENTIFIER if self.strong is Level.SAME else 0.0
        yield STRONG_CONFLICT if self.conflict else 0.0
        yield WEAK_IDENTIFIER if self.weak is Level.SAME and self.strong is not Level.SAME else 0.0
        if self.given is Level.DIFFERENT:  # twins share name, home and phone: these say nothing more of them
            yield min(0.0, FAMILY.get(self.family, 0.0))
            return
        yield FAMILY.get(self.family, 0.0)
        household = CONTACT.get(self.contact, 0.0), ADDRESS.get(self.address, 0.0)
        yield max(household)
        if self.birth_date is not Level.DIFFERENT:  # else they may be parent and child
            yield max(0.0, min(household)) / 2  # who has a number has the address it rings at


def graded(score: float) -> str:
    """The match-grade of a score that is not certain."""
    if score >= PROBABLE_FROM:
        return PROBABLE
    return POSSIBLE if score >= POSSIBLE_FROM else CERTAINLY_NOT


def compare(wanted: Json, other: Json) -> Evidence:
    """What two valid Patient resources have in common."""
    family, given = _names(wanted, other)
    strong, weak, conflict = _identifiers(wanted, other)
    return Evidence(
        family=family,
        given=given,
        birth_date=_birth_date(wanted, other),
        gender=_gender(wanted.get("gender"), other.get("gender")),
        contact=_contacts(wanted, other),
        address=best(
            _address(one, another)
            for one in wanted.get("address", ())
            for another in other.get("address", ())
        ),
        strong=strong,
        weak=weak,
        conflict=conflict,
    )


def _gender(one: str | None, other: str | None) -> Level:
    if one in _SAID_NOTHING or other in _SAID_NOTHING:
        return Level.UNKNOWN
    return Level.SAME if one == other else Level.DIFFERENT


def _birth_date(wanted: Json, other: Json) -> Level:
    one, another = wanted.get("birthDate"), other.get("birthDate")
    return Level.UNKNOWN if one is None or another is None else date_level(one, another)


def _names(wanted: Json, other: Json) -> tuple[Level, Level]:
    """Family and given of the pair of names that agrees best; former names count."""
    pairs = [(_of_pair(one, another)) for one in wanted.get("name", ()) for another in other.get("name", ())]
    return max(pairs, key=sum, default=(Level.UNKNOWN, Level.UNKNOWN))


def _of_pair(one: Json, other: Json) -> tuple[Level, Level]:
    (family, given), (other_family, other_given) = _told(one), _told(other)
    direct = family_level(family, other_family), given_level(given, other_given)
    if Level.DIFFERENT in direct and family and other_family and given and other_given:
        crossed = parts(family) == parts(" ".join(other_given)) and parts(other_family) == parts(
            " ".join(given)
        )
        if crossed:  # entered in each other's field
            return Level.SAME, Level.NEAR
    return direct


def _told(name: Json) -> tuple[str, Sequence[str]]:
    """Family and given names; of a name that is text only the last word is taken for the family's."""
    family, given = name.get("family", ""), [one for one in name.get("given", ()) if one]
    if not family and not given and name.get("text"):
        *given, family = str(name["text"]).split() or [""]
    return family, given


def _identifiers(wanted: Json, other: Json) -> tuple[Level, Level, bool]:
    """How far strong and other identifiers agree, and whether some system of strong ones knows two people."""
    strong, of_other = _strong_by_system(wanted), _strong_by_system(other)
    shared = strong.keys() & of_other.keys()
    agreeing = {system for system in shared if not strong[system].isdisjoint(of_other[system])}
    weak = _named(wanted) & _named(other)
    return (
        Level.SAME if agreeing else Level.DIFFERENT if shared else Level.UNKNOWN,
        Level.SAME if weak else Level.UNKNOWN,
        bool(shared - agreeing),
    )


def _named(patient: Json) -> set[tuple[str, str]]:
    listed = patient.get("identifier", ())
    return {(one["system"], one["value"]) for one in listed if one.get("system") and one.get("value")}


def _strong_by_system(patient: Json) -> dict[str, set[str]]:
    numbers: dict[str, set[str]] = {}
    for one in patient.get("identifier", ()):
        if is_strong(one):
            numbers.setdefault(one["system"], set()).add(one["value"])
    return numbers


def is_strong(identifier: Json) -> bool:
    """Whether an identifier is of a kind that is one person's for good; one without a type is taken for that."""
    if not identifier.get("system") or not identifier.get("value") or identifier.get("use") in _PASSING:
        return False
    codes = {one.get("code") for one in identifier.get("type", {}).get("coding", ())}
    return not codes or not STRONG_TYPES.isdisjoint(codes)


def _contacts(wanted: Json, other: Json) -> Level:
    keys = [{contact_key(one) for one in each.get("telecom", ())} - {""} for each in (wanted, other)]
    if not all(keys):
        return Level.UNKNOWN
    return Level.DIFFERENT if keys[0].isdisjoint(keys[1]) else Level.SAME


def _address(one: Json, other: Json) -> Level:
    places = [parts(each.get("postalCode") or each.get("city") or "") for each in (one, other)]
    lines = [parts(" ".join(line for line in each.get("line", ()) if line)) for each in (one, other)]
    if not all(places):
        return Level.UNKNOWN
    if places[0] != places[1]:
        return Level.DIFFERENT
    return Level.SAME if all(lines) and lines[0] == lines[1] else Level.PARTIAL
