from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.domain.latest import Latest
from telerehab.fhir.json import JsonObject


@dataclass(frozen=True)
class Seen:
    codes: tuple[str, ...]
    number: int

    @property
    def content(self) -> JsonObject:
        return {"code": {"coding": [{"system": "urn:s", "code": code} for code in self.codes]}}


kinds = st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=2).map(tuple), max_size=12)


@given(kinds, st.integers(1, 3))
@settings(deadline=None)
def test_it_keeps_the_first_of_each_class_of_codes_that_are_connected(
    codes: list[tuple[str, ...]], most: int
) -> None:
    listed = [Seen(each, number) for number, each in enumerate(codes)]
    latest: Latest[Seen] = Latest(most)
    for one in listed:
        latest.add(one)
    found = list(latest.found())

    def connected(one: Seen) -> frozenset[str]:
        reached = set(one.codes)
        while True:
            wider = reached | {code for other in listed if reached & set(other.codes) for code in other.codes}
            if wider == reached:
                return frozenset(reached)
            reached = wider

    expected: dict[frozenset[str], list[Seen]] = {}
    for one in listed:
        expected.setdefault(connected(one), []).append(one)
    assert found == [one for group in expected.values() for one in group[:most]]


def test_text_groups_where_there_is_no_coding() -> None:
    @dataclass(frozen=True)
    class Written:
        text: str

        @property
        def content(self) -> JsonObject:
            return {"code": {"text": self.text}}

    latest: Latest[Written] = Latest(1)
    for text in ("mood", "sleep", "mood"):
        latest.add(Written(text))
    assert [one.text for one in latest.found()] == ["mood", "sleep"]
