"""No parameter of R4 is dropped without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.definitions.search_parameters import search_parameters
from telerehab.fhir.search import Parameter, index, parameters, searchable
from telerehab.fhir.search.types import SEARCH_TYPES

WITHOUT_PATH = {"_content", "_query", "_text"}
NOT_ANSWERED = {
    ("Location", "near"),
    ("MolecularSequence", "chromosome-variant-coordinate"),
    ("MolecularSequence", "chromosome-window-coordinate"),
    ("MolecularSequence", "referenceseqid-variant-coordinate"),
    ("MolecularSequence", "referenceseqid-window-coordinate"),
}
NOT_OF_THE_PARAMETERS_TYPE = {  # elements of which one choice cannot be searched by the parameter's type
    ("CarePlan", "activity-date", "string"),
    ("Consent", "source-reference", "Attachment"),
    ("Immunization", "date", "string"),
    ("Procedure", "date", "Age"),
    ("Procedure", "date", "Range"),
    ("Procedure", "date", "string"),
}


CHOICES = (
    "Age|Attachment|Boolean|Canonical|CodeableConcept|Coding|Date|DateTime|Decimal|Duration|Identifier|Instant|Integer"
    "|Money|Period|Quantity|Range|Ratio|Reference|SampledData|String|Timing|Uri|Url"
)


def every() -> Iterator[Parameter]:
    for type_ in sorted(resource_types()):
        yield from parameters(type_).values()


def test_all_definitions_are_there_for_each_type() -> None:
    by_type = {type_: set(search_parameters(type_)) for type_ in resource_types()}
    assert sum(map(len, by_type.values())) > 2500
    assert all(set(parameters(type_)) == codes for type_, codes in by_type.items())


def test_every_parameter_has_paths_but_for_three_without_an_expression() -> None:
    assert {p.code for p in every() if not p.paths} == WITHOUT_PATH


def test_every_parameter_is_answered_but_for_the_known_few() -> None:
    refused = {(p.resource, p.code) for p in every() if not searchable(p) and p.code not in WITHOUT_PATH}
    assert refused == NOT_ANSWERED


def test_every_path_becomes_rows_but_for_elements_of_another_kind() -> None:
    unindexed = {
        (p.resource, p.code, path.type)
        for p in every()
        for path in p.paths
        if p.type not in ("composite", "special") and SEARCH_TYPES[p.type].index(p, path, "") is None
    }
    assert unindexed == NOT_OF_THE_PARAMETERS_TYPE


def test_what_has_data_in_the_official_examples_has_rows(examples: list[tuple[str, dict[str, Any]]]) -> None:
    """Against a walk that knows nothing of types, conditions or closures."""
    checked = set()
    for name, resource in examples:
        type_, tokens = resource["resourceType"], set(index(resource).tokens)
        for code, definition in search_parameters(type_).items():
            if definition.type in ("composite", "special") or code in ("_id", "_lastUpdated"):
                continue
            has_rows = not tokens.isdisjoint(parameters(type_)[code].present)
            has_data, exactly = naive(definition.expression, resource)
            assert has_rows <= has_data, (name, code)
            if exactly and (type_, code) not in {known[:2] for known in NOT_OF_THE_PARAMETERS_TYPE}:
                assert has_rows == has_data, (name, code)
                checked.add((type_, code))
    assert len(checked) > 1000


def naive(expression: str, resource: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether some alternative leads to data, and whether no condition could still take it away."""
    if " and " in expression:
        return True, False
    has_data, exactly = False, True
    for alternative in expression.split("|"):
        plain = re.sub(r"\.(where|as)\(.*?\)+(?=\.|\s*$)| as \w+|[()]|\[0\]", "", alternative).strip()
        root, *steps = plain.split(".")
        if root.islower():  # InsurancePlan.name says `name | alias`
            root, steps = resource["resourceType"], [root, *steps]
        if root in (resource["resourceType"], "Resource", "DomainResource") and list(walk([resource], steps)):
            has_data = True
            exactly &= plain == alternative.strip()
    return has_data, exactly


def walk(elements: list[Any], steps: list[str]) -> Iterator[Any]:
    for step in steps:
        choice = re.compile(rf"{step}({CHOICES})?$")
        found = [e[key] for e in elements if isinstance(e, dict) for key in e if choice.match(key)]
        elements = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return (element for element in elements if element is not None)
