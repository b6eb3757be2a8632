"""Summaries: the part of a resource that `_summary` or `_elements` ask for, tagged SUBSETTED.

https://hl7.org/fhir/R4/search.html#summary
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

from telerehab.fhir.definitions import ElementDefinition, structure
from telerehab.fhir.search.query import Summary

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_ALWAYS = frozenset({"resourceType", "id", "meta"})


class _Rule(NamedTuple):
    """Names of JSON members of one element: in a summary, mandatory or modifying, and elements defined in place."""

    summary: frozenset[str]
    needed: frozenset[str]
    inner: Mapping[str, str]


def summarise(
    resource: dict[str, Any], summary: Summary = "false", elements: Collection[str] = ()
) -> dict[str, Any]:
    """A new resource with what was asked for; the same object where that is all of it.

    Mandatory and modifier elements stay with `_elements`, mandatory ones with `_summary=text`.
    """
    type_ = resource["resourceType"]
    if elements:
        keep = _ALWAYS | _rule(type_).needed | _keys(type_, elements)
        return _tagged(_only(resource, keep))
    if summary == "text":
        return _tagged(_only(resource, _ALWAYS | {"text"} | _rule(type_).needed))
    if summary == "data":
        return _tagged({name: value for name, value in resource.items() if name != "text"})
    return _tagged(_flagged(resource, type_)) if summary == "true" else resource


def _flagged(element: dict[str, Any], path: str) -> dict[str, Any]:
    rule = _rule(path)
    kept = _only(element, _ALWAYS | rule.summary if "." not in path else rule.summary | {"id"})
    return {name: _inner(value, rule.inner.get(name)) for name, value in kept.items()}


def _inner(value: Any, path: str | None) -> Any:
    if path is None:
        return value
    return [_flagged(item, path) for item in value] if isinstance(value, list) else _flagged(value, path)


def _only(element: dict[str, Any], keep: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name.removeprefix("_") in keep}


def _tagged(resource: dict[str, Any]) -> dict[str, Any]:
    meta = resource.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if tag.get("code") != "SUBSETTED"]
    tagged = {"resourceType": resource["resourceType"]} | ({"id": resource["id"]} if "id" in resource else {})
    return (
        tagged
        | {"meta": meta | {"tag": [*tags, SUBSETTED]}}
        | {k: v for k, v in resource.items() if k != "meta"}
    )


@cache
def _rule(path: str) -> _Rule:
    summary: set[str] = set()
    needed: set[str] = set()
    inner: dict[str, str] = {}
    for element in structure(path.partition(".")[0])["element"]:
        parent, _, name = element["path"].rpartition(".")
        if parent != path:
            continue
        names = _names(element, name)
        summary |= names if element.get("isSummary") else set()
        needed |= names if element["min"] > 0 or element.get("isModifier") else set()
        if "contentReference" in element:
            inner[name] = element["contentReference"].removeprefix("#")
        elif element.get("type", [{"code": ""}])[0]["code"] == "BackboneElement":
            inner[name] = element["path"]
    return _Rule(frozenset(summary), frozenset(needed), inner)


def _names(element: ElementDefinition, name: str) -> set[str]:
    if not name.endswith("[x]"):
        return {name}
    codes = [type_["code"] for type_ in element.get("type", ())]
    return {name[:-3] + code[0].upper() + code[1:] for code in codes}


def _keys(type_: str, elements: Collection[str]) -> set[str]:
    found: set[str] = set()
    for element in structure(type_)["element"]:
        parent, _, name = element["path"].rpartition(".")
        if parent == type_ and name.removesuffix("[x]") in elements:
            found |= _names(element, name)
    return found
