"""What an instrument's file states is complete and consistent, before anything is scored by it."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest

from clinical.instruments import Instrument, instruments
from clinical.red_flags import levels
from clinical.sources import sources

LOINC_SEEN = {
    "44249-1", "44261-6", "44260-8", "55757-9", "55758-7", "69737-5", "70274-6", "72514-3",
}  # fmt: skip
"""The codes found in a published guide; any other has to be looked up before it is used."""

each_instrument = pytest.mark.parametrize("instrument", instruments().values(), ids=instruments().keys())


def luhn(code: str) -> bool:
    """Whether the check digit of a LOINC code is right (mod 10 over the digits before the dash)."""
    number, digit = code.split("-")
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(number))]
    return -sum(d // 10 + d % 10 for d in doubled) % 10 == int(digit)


def range_by_scale(instrument: Instrument) -> tuple[Decimal, Decimal]:
    """The lowest and highest score that the scales of the items allow."""
    lows, highs = [], []
    for item in instrument.scored():
        if item.type == "boolean":
            scores = [Decimal(0), Decimal(1)]
        elif item.type == "choice":
            scores = [option.score for option in instrument.scale[item.scale or ""]]
        else:
            assert item.min is not None
            assert item.max is not None
            scores = [Decimal(item.min), Decimal(item.max)]
        lows.append(min(scores))
        highs.append(max(scores))
    if instrument.score.method in ("sum", "count"):
        return sum(lows, Decimal(0)), sum(highs, Decimal(0))
    return min(lows), max(highs)


def test_the_seven_instruments_are_there() -> None:
    assert set(instruments()) == {"nprs", "psfs", "rmdq-24", "phq-2", "phq-9", "gad-7", "groc"}


@each_instrument
def test_only_text_that_may_ship_ships(instrument: Instrument) -> None:
    assert instrument.licence == "T"
    assert instrument.licence_text


@each_instrument
def test_links_are_unique_and_named_by_meaning(instrument: Instrument) -> None:
    links = [item.link_id for item in instrument.item]
    assert [link for link, times in Counter(links).items() if times > 1] == []
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", link) for link in links)


@each_instrument
def test_each_item_states_its_scale(instrument: Instrument) -> None:
    for item in instrument.item:
        assert (item.type == "choice") == (item.scale is not None), item.link_id
        assert (item.type == "integer") == (item.min is not None and item.max is not None), item.link_id
        assert item.scale is None or item.scale in instrument.scale
        assert item.names is None or item.names in {other.link_id for other in instrument.item}
        assert not (item.type == "text" and item.scored)


@each_instrument
def test_options_differ_in_code_and_in_score(instrument: Instrument) -> None:
    for options in instrument.scale.values():
        assert len({option.code for option in options}) == len(options)
        assert len({option.score for option in options}) == len(options)


@each_instrument
def test_the_range_is_that_of_the_scales(instrument: Instrument) -> None:
    assert (instrument.score.min, instrument.score.max) == range_by_scale(instrument)


@each_instrument
def test_bands_cover_the_range_without_gap_or_overlap(instrument: Instrument) -> None:
    if not instrument.band:
        return
    assert instrument.band[0].low == instrument.score.min
    assert instrument.band[-1].high == instrument.score.max
    for lower, higher in zip(instrument.band, instrument.band[1:], strict=False):
        assert higher.low == lower.high + 1


@each_instrument
def test_the_missing_rule_can_be_met(instrument: Instrument) -> None:
    missing = instrument.missing
    assert 0 <= missing.minimum_answered <= len(instrument.scored())
    assert (missing.impute == "mean") == (missing.round is not None)
    assert (missing.impute == "zero") == (missing.minimum_answered == 0)


@each_instrument
def test_loinc_codes_are_among_those_seen_and_pass_their_check_digit(instrument: Instrument) -> None:
    codes = [instrument.loinc, instrument.score.loinc, *(item.loinc for item in instrument.item)]
    for code in filter(None, codes):
        assert code in LOINC_SEEN
        assert luhn(code)


def test_a_wrong_check_digit_is_seen() -> None:
    assert not luhn("44249-2")
    assert not luhn("44294-1")


@each_instrument
def test_safety_items_exist_and_their_levels_too(instrument: Instrument) -> None:
    for rule in instrument.safety:
        assert rule.item in {item.link_id for item in instrument.scored()}
        assert {rule.level, rule.blank_level or rule.level} <= set(levels())


def test_the_ninth_item_of_phq_9_alerts_from_1_and_is_never_imputed() -> None:
    phq = instruments()["phq-9"]
    (rule,) = phq.safety
    (item,) = [item for item in phq.item if item.link_id == rule.item]
    assert phq.scored()[8] == item
    assert rule.at_least == 1
    assert item.never_imputed


@each_instrument
def test_every_source_is_known(instrument: Instrument) -> None:
    stated = {
        *instrument.sources,
        *(one.source for one in instrument.cutoff),
        *(one.source for one in (*instrument.detectable, *instrument.meaningful)),
        *(one.source for one in instrument.caution),
        *(one.source for one in instrument.safety),
        *(one.source for one in instrument.case),
        *(one.source for one in instrument.change_case),
    }
    assert stated <= set(sources())


@each_instrument
def test_cases_state_an_answer_for_each_scored_item_and_known_outcomes(instrument: Instrument) -> None:
    bands, cutoffs = {band.id for band in instrument.band}, {one.id for one in instrument.cutoff}
    for case in instrument.case:
        assert len(case.answers) == len(instrument.scored()), case.id
        expect = case.expect
        assert (expect.score is None) != (expect.absent is None), case.id
        assert expect.absent in (None, instrument.missing.absent, instrument.missing.invalid), case.id
        assert (expect.band is not None) == bool(bands and expect.score is not None), case.id
        assert {expect.band} - {None} <= bands
        assert set(expect.cutoffs) <= cutoffs
        assert {*expect.alerts, *expect.asks} <= {one.id for one in instrument.safety}


@each_instrument
def test_cases_reach_both_ends_each_band_and_each_way_to_have_no_score(instrument: Instrument) -> None:
    scores = {case.expect.score for case in instrument.case}
    assert {instrument.score.min, instrument.score.max} <= scores or instrument.score.method == "mean"
    assert {case.expect.band for case in instrument.case} >= {band.id for band in instrument.band}
    reasons = {case.expect.absent for case in instrument.case}
    assert instrument.missing.invalid in reasons
    assert instrument.missing.absent in reasons or instrument.missing.minimum_answered == 0


@each_instrument
def test_change_cases_name_known_thresholds_in_the_order_of_the_file(instrument: Instrument) -> None:
    for case in instrument.change_case:
        expect = case.expect
        assert expect.change == case.follow_up - case.baseline, case.id
        assert expect.improvement == expect.change * (1 if instrument.score.better == "higher" else -1), (
            case.id
        )
        for named, known in (
            (expect.detectable, [one.id for one in instrument.detectable]),
            (expect.meaningful, [one.id for one in instrument.meaningful]),
            (expect.cautions, [one.id for one in instrument.caution]),
        ):
            assert list(named) == [id for id in known if id in named], case.id


@each_instrument
def test_each_threshold_and_caution_holds_in_a_case(instrument: Instrument) -> None:
    held = {
        name
        for case in instrument.change_case
        for name in (*case.expect.detectable, *case.expect.meaningful, *case.expect.cautions)
    }
    stated = {one.id for one in (*instrument.detectable, *instrument.meaningful)}
    stated |= {one.id for one in instrument.caution}
    assert stated <= held
