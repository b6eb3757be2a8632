from __future__ import annotations

import pytest

from telerehab.fhir.definitions import resource_types, structure
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.parser import parse
from telerehab.fhir.fhirpath.syntax import Binary, Call, Index, Literal, Member, Quantity, TypeTest, Unary


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("a.b", Member(Member(None, "a"), "b")),
        ("a | b | c", Binary("|", Binary("|", Member(None, "a"), Member(None, "b")), Member(None, "c"))),
        ("a + b * 2", Binary("+", Member(None, "a"), Binary("*", Member(None, "b"), Literal(2)))),
        (
            "a and b or c",
            Binary("or", Binary("and", Member(None, "a"), Member(None, "b")), Member(None, "c")),
        ),
        ("a as b | c", Binary("|", TypeTest("as", Member(None, "a"), "b"), Member(None, "c"))),
        ("a = 'it\\'s'", Binary("=", Member(None, "a"), Literal("it's"))),
        ("a[0]", Index(Member(None, "a"), Literal(0))),
        ("-1 < 4 days", Binary("<", Unary("-", Literal(1)), Quantity(4, "days"))),
        (
            "a.where(b is System.String)",
            Call(Member(None, "a"), "where", (TypeTest("is", Member(None, "b"), "System.String"),)),
        ),
        ("text.`div`", Member(Member(None, "text"), "div")),
        ("{} // nothing", Literal(None)),
    ],
)
def test_precedence_and_shapes(expression: str, tree: object) -> None:
    assert parse(expression) == tree


@pytest.mark.parametrize("expression", ["", "a.", "a b", "(a", "a[1", "f(a,", "'open", "a ? b"])
def test_what_is_no_fhirpath_is_refused_with_the_place(expression: str) -> None:
    with pytest.raises(FhirPathError):
        parse(expression)


def test_every_invariant_of_the_definitions_parses() -> None:
    parsed = 0
    for name in resource_types():
        for element in structure(name)["element"]:
            for constraint in element.get("constraint", ()):
                parse(constraint["expression"])
                parsed += 1
    assert parsed > 5000
