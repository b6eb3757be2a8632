"""Trends: the scores of one instrument in series that may be compared, each with its change since the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clinical.instruments import Instrument, Threshold
from clinical.red_flags import screenings
from services.outcomes.domain.change_of_score import Changed, changed, measures_change_itself
from services.outcomes.domain.questionnaires import canonical
from services.outcomes.domain.score_observation import ANSWERED, SCORE_PROFILE, SERIES
from telerehab.canonical import extension_value, has_profile
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment

Part = dict[str, Any]


def trend(instrument: Instrument, observations: Iterable[JsonObject], side: str, region: str) -> JsonObject:
    """Parameters with one `series` for each that there is, the longest known first; `side` and `region` may narrow.

    Scores of another version, language, side, region or activity are other series.
    """
    by_key: dict[str, list[JsonObject]] = {}
    for score in sorted(filter(_stands, observations), key=_when):
        by_key.setdefault(str(extension_value(score, SERIES)), []).append(score)
    found = [
        {"name": "series", "part": list(_series(instrument, key, scores))}
        for key, scores in by_key.items()
        if _is_of(_site(scores[0]), side, region)
    ]
    return {"resourceType": "Parameters", **({"parameter": found} if found else {})}


def _stands(score: JsonObject) -> bool:
    computed = has_profile(score, SCORE_PROFILE) and score["status"] != "entered-in-error"
    return computed and extension_value(score, SERIES) is not None


def _when(score: JsonObject) -> datetime:
    """A date alone is its first moment, in UTC."""
    told = str(score.get("effectiveDateTime", ""))
    return moment(told) or datetime.fromisoformat(told[:10] + "0001-01-01"[len(told) :]).replace(tzinfo=UTC)


def _series(instrument: Instrument, key: str, scores: Sequence[JsonObject]) -> Iterator[Part]:
    yield {"name": "key", "valueString": key}
    yield {"name": "questionnaire", "valueCanonical": f"{canonical(instrument.id)}|{_version(scores[-1])}"}
    if _site(scores[0]):
        yield {"name": "bodySite", "valueCode": _site(scores[0])}
    yield {"name": "better", "valueCode": instrument.score.better}
    yield from ({"name": "point", "part": list(_point(score))} for score in scores)
    valued = [score for score in scores if "valueQuantity" in score]
    if not valued:
        return
    yield {"name": "latest", "valueQuantity": valued[-1]["valueQuantity"]}
    if measures_change_itself(instrument):
        return
    yield {"name": "baseline", "valueQuantity": valued[0]["valueQuantity"]}
    if len(valued) > 1 and _version(valued[-1]).partition(".")[0] == instrument.version.partition(".")[0]:
        yield from _change(_changed(instrument, valued[0], valued[-1]))


def _point(score: JsonObject) -> Iterator[Part]:
    yield {"name": "effective", "valueDateTime": score["effectiveDateTime"]}
    if "valueQuantity" in score:
        yield {"name": "value", "valueQuantity": score["valueQuantity"]}
    else:
        yield {
            "name": "absent",
            "valueCode": next(iter(values_at(score, "dataAbsentReason.coding.code")), "unknown"),
        }
    for told in values_at(score, "interpretation.coding"):
        yield {"name": "interpretation", "valueCoding": told}
    yield {"name": "score", "valueReference": {"reference": f"Observation/{score['id']}"}}


def _changed(instrument: Instrument, baseline: JsonObject, latest: JsonObject) -> Changed:
    first, last = (Decimal(one["valueQuantity"]["value"]) for one in (baseline, latest))
    return changed(
        instrument,
        first,
        last,
        region=_region(_site(latest)),
        answered=min(_answered(baseline), _answered(latest)),
    )


def _change(found: Changed) -> Iterator[Part]:
    yield {"name": "change", "valueDecimal": found.change}
    yield {"name": "improvement", "valueDecimal": found.improvement}
    if found.percent is not None:
        yield {"name": "percent", "valueDecimal": found.percent}
    yield from (_threshold("detectable", one) for one in found.detectable)
    yield from (_threshold("meaningful", one) for one in found.meaningful)
    if found.judged:
        yield {"name": "responder", "valueBoolean": bool(found.meaningful)}
    for caution in found.cautions:
        yield {"name": "caution", "valueString": caution.text}


def _threshold(name: str, reached: Threshold) -> Part:
    rule = {"name": "rule", "valueCode": reached.id}
    return {"name": name, "part": [rule, {"name": "text", "valueString": reached.text}]}


def _answered(score: JsonObject) -> int:
    counted = (
        one["valueInteger"]
        for one in score.get("component", ())
        if ANSWERED in values_at(one, "code.coding.code")
    )
    return next(counted, 0)


def _version(score: JsonObject) -> str:
    return str(next(iter(values_at(score, "method.coding.version")), ""))


def _site(score: JsonObject) -> str:
    return str(next(iter(values_at(score, "bodySite.coding.code")), ""))


def _region(site: str) -> str | None:
    return next((name for name in screenings() if site == name or site.endswith(f"-{name}")), None)


def _is_of(site: str, side: str, region: str) -> bool:
    of_region = not region or _region(site) == region
    return of_region and (not side or site == side or site.startswith(f"{side}-"))
