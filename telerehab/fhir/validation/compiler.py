"""From HL7's element definitions to the tables that resources are checked with.

https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from functools import cache

from telerehab.fhir.definitions.structures import ElementDefinition, ElementType, structure
from telerehab.fhir.validation.bindings import accept_bound_code, coded
from telerehab.fhir.validation.choices import Choice
from telerehab.fhir.validation.constraints import constraints_of
from telerehab.fhir.validation.context import Accept, Constraint, Fault
from telerehab.fhir.validation.elements import Checked, repeated, repeated_primitive, single
from telerehab.fhir.validation.extensions import companion, companions
from telerehab.fhir.validation.node import Element, Node, Table
from telerehab.fhir.validation.primitives import PRIMITIVES
from telerehab.fhir.validation.quantities import SIMPLE_QUANTITY, no_comparator
from telerehab.fhir.validation.references import reference_to
from telerehab.fhir.validation.resources import AnyResource, ContainedResource

_URL = "Extension.url"  # with ids and XHTML the primitives that have no id and extensions themselves
_INLINE = ("BackboneElement", "Element")


@cache
def node_of(path: str) -> Node:
    """The compiled form of a type (`Patient`, `HumanName`) or of an element defined inside one (`Patient.contact`)."""
    return Node(lambda: _compile(path))


_ANY_RESOURCE = AnyResource(node_of)
_CONTAINED_RESOURCE = ContainedResource(node_of)
_PRIMITIVE_ELEMENT = Node(lambda: _compile("Element"), needs_content=False)


def _compile(path: str) -> Table:
    definition = structure(path.partition(".")[0])
    depth = path.count(".") + 1
    elements: dict[str, Element] = {}
    required: list[tuple[str, str, str]] = []
    choices: list[Choice] = []
    constraints: list[Constraint] = []
    advice: tuple[Constraint, ...] = ()
    for element in definition["element"]:
        if element["path"] == path:
            constraints += constraints_of(element, path, severity="error")
            advice = constraints_of(element, path, severity="warning")
        if element["path"].count(".") != depth or not element["path"].startswith(path + "."):
            continue
        name = element["path"].rpartition(".")[2]
        if name.endswith("[x]"):
            choices.append(_add_choice(name[:-3], element, elements))
            continue
        type_ = element["type"][0] if "type" in element else None
        _add(name, name, element, type_, elements)
        if type_ is not None and type_["code"] in PRIMITIVES:
            constraints += constraints_of(element, path, severity="error", member=name)
        if element["min"] > 0:
            required.append((name, "_" + name, name))
    if definition["kind"] == "resource" and depth == 1:
        elements["resourceType"] = Element("resourceType", _accept_type, None)
    return Table(elements, tuple(required), tuple(choices), tuple(constraints), advice)


def _add_choice(name: str, element: ElementDefinition, elements: dict[str, Element]) -> Choice:
    members: set[str] = set()
    for type_ in element["type"]:
        code = type_["code"]
        member = name + code[0].upper() + code[1:]
        members.update((member, "_" + member) if code in PRIMITIVES else (member,))
        _add(member, f"{name}.ofType({code})", element, type_, elements)
    return Choice(name, frozenset(members), element["min"] > 0)


def _add(
    name: str, label: str, element: ElementDefinition, type_: ElementType | None, elements: dict[str, Element]
) -> None:
    repeats = element["max"] == "*"
    if type_ is not None and type_["code"] in PRIMITIVES:
        accept = _accept(element, type_["code"])
        if repeats:
            elements[name] = Element(label, None, repeated_primitive(name, label, accept))
            elements["_" + name] = Element(label, None, companions(name, label, _PRIMITIVE_ELEMENT))
            return
        elements[name] = Element(label, accept, None)
        if name != "id" and type_["code"] != "xhtml" and element["path"] != _URL:
            elements["_" + name] = Element(label, None, companion(name, label, _PRIMITIVE_ELEMENT))
        return
    walk = repeated if repeats else single
    elements[name] = Element(label, None, walk(label, _checked(element, type_), _rules(element, type_)))


def _accept(element: ElementDefinition, code: str) -> Accept:
    binding = element.get("binding")
    if code == "code" and binding is not None and binding["strength"] == "required":
        return accept_bound_code(binding)
    return PRIMITIVES[code]


def _checked(element: ElementDefinition, type_: ElementType | None) -> Checked:
    if type_ is None:
        return node_of(element["contentReference"].removeprefix("#"))
    if type_["code"] == "Resource":
        return _CONTAINED_RESOURCE if element["path"].endswith(".contained") else _ANY_RESOURCE
    return node_of(element["path"] if type_["code"] in _INLINE else type_["code"])


def _rules(element: ElementDefinition, type_: ElementType | None) -> tuple[Constraint, ...]:
    """What this element asks beyond its type: reference targets, a binding, a profile, further invariants."""
    if type_ is None or type_["code"] in _INLINE or type_["code"] == "Resource":
        return ()
    rules: list[Constraint] = []
    if type_["code"] == "Reference":
        targets = frozenset(type_.get("targetProfile", ("Resource",)))
        rules.append(reference_to(None if "Resource" in targets else targets))
    binding = element.get("binding")
    if binding is not None and binding["strength"] == "required":
        check = coded(type_["code"], binding)
        rules.extend((check,) if check is not None else ())
    if SIMPLE_QUANTITY in type_.get("profile", ()):
        rules.append(no_comparator)
    own = {constraint["key"] for constraint in structure(type_["code"])["element"][0].get("constraint", ())}
    beyond = own | {"sqty-1"}
    rules.extend(constraints_of(element, type_["code"], severity="error", beyond=beyond))
    return tuple(rules)


def _accept_type(_: object) -> Fault | None:
    return None  # the type chose this table


def any_resource() -> AnyResource:
    """The check of a whole resource of any type."""
    return _ANY_RESOURCE
