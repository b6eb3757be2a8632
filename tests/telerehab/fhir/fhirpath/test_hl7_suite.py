"""HL7's own FHIRPath tests for R4, all of them; those that come out otherwise are listed, each with why.

The suite and its resources are in hl7/, whose README says where they are from.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from telerehab.fhir.fhirpath import FhirPathError, evaluate, select
from telerehab.fhir.json import parse_object

SUITE = Path(__file__).parent / "hl7"

NOT_CHECKED_BEFOREHAND = "a name that the type does not have selects nothing; it is no error"
EVERY_ITEM = "as() filters several items, as the definitions' own invariants and search parameters need it"
OTHERWISE = {
    "testSimpleFail": NOT_CHECKED_BEFOREHAND,
    "testSimpleWithWrongContext": NOT_CHECKED_BEFOREHAND,
    "testPolymorphismB": NOT_CHECKED_BEFOREHAND,
    "testPolymorphismAsB": NOT_CHECKED_BEFOREHAND,
    "testPolymorphicsB": NOT_CHECKED_BEFOREHAND,
    "testDollarOrderNotAllowed": "children() come in the order of the JSON: skipping some is no error",
    "testFHIRPathAsFunction21": EVERY_ITEM,
    "testPlusDate19": "a tenth of a second is added to a time that has milliseconds",
    "LowBoundaryDecimal15": "-0.0034 may stand for -0.00345, which is not above -0.0",
    "HighBoundaryDecimal15": "0.0034 may stand for 0.00345, which is not below 0.0",
    "HighBoundaryDecimal16": "the same; the minus is applied after the function, whose result is 0.1",
    "HighBoundaryDateTimeMillisecond1": "08 with unknown minutes lasts until 08:59:59.999",
    "HighBoundaryDateTimeMillisecond3": "the same",
}


@cache
def resource(name: str | None) -> dict[str, Any]:
    return parse_object((SUITE / name.replace(".xml", ".json")).read_text("utf-8")) if name else {}


def outcome(test: ElementTree.Element) -> list[Any] | None:
    """What an expression gives, as texts; None if it is refused."""
    expression, subject = test.findtext("expression") or "", resource(test.get("inputfile"))
    try:
        found = select(expression, subject)
        if test.get("predicate") == "true":
            return ["true" if found else "false"]
        texts = evaluate(f"({expression}\n).select(iif(convertsToString(), toString(), ''))", subject)
    except FhirPathError:
        return None
    return texts if len(texts) == len(found) else found


def expected(test: ElementTree.Element) -> list[str] | None:
    if test.find("expression").get("invalid"):  # type: ignore[union-attr]
        return None
    texts = [output.text or "" for output in test.findall("output")]
    return [text.removeprefix("@").removeprefix("T") if text.startswith("@") else text for text in texts]


def same(found: list[Any] | None, wanted: list[str] | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return len(found) == len(wanted) and all(map(same_text, found, wanted))


def same_text(found: Any, wanted: str) -> bool:
    if found == wanted:
        return True
    try:
        return Decimal(found) == Decimal(wanted)
    except ArithmeticError:
        return False


def test_the_suite_comes_out_as_hl7_says_but_for_the_known() -> None:
    tests = list(ElementTree.parse(SUITE / "tests-fhir-r4.xml").getroot().iter("test"))
    otherwise = {test.get("name") for test in tests if not same(outcome(test), expected(test))}
    assert len(tests) == 935
    assert otherwise == OTHERWISE.keys()
