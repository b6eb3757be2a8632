"""Reference: `Type/id`, `id`, absolute URL, `:Type`, `:identifier`, `:above`, `:below`; canonicals, any version.

https://hl7.org/fhir/R4/search.html#reference
"""

from __future__ import annotations

import re
from typing import Any

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.escape import split, unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink, parameters
from telerehab.fhir.search.predicate import NOTHING, HasToken, InHierarchy, Predicate
from telerehab.fhir.search.refusal import malformed, not_supported
from telerehab.fhir.search.rows import IndexRows, ReferenceRow
from telerehab.fhir.search.token_hash import token_hash

MODIFIERS = resource_types() | {"above", "below", "identifier"}
NOT = False

_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_MANY_TARGETS = 12  # up to here an id alone is looked up as each `Type/id`, which saves a token per reference


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    match path.type:
        case "Reference":
            return _reference(parameter, base.rstrip("/") + "/")
        case "canonical" | "uri":
            return _canonical(parameter)
        case "Resource":
            return _resource(parameter)
    return None  # Consent.source may be an Attachment, which refers to no resource


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    if modifier == "identifier":
        return _identified(parameter, value)
    if parameter.paths and all(path.type in ("canonical", "uri") for path in parameter.paths):
        return HasToken((parameter.token("url", unescape(value)),))
    text = local_part(unescape(value), setting.base.rstrip("/") + "/")
    local = _LOCAL.fullmatch(text)
    if modifier in ("above", "below"):
        return _hierarchy(parameter, modifier, local[1] if local else "", local[2] if local else text)
    if local:
        if modifier and modifier != local[1]:
            raise malformed(f"{parameter.code}:{modifier}", f"the id of a {modifier}")
        if parameter.narrows and local[1] not in parameter.targets:
            return NOTHING
        return _local(parameter, local[1], local[2], setting)
    if ":" in text:
        return HasToken((_own_token(parameter, "url", text),))
    if not _ID.fullmatch(text):
        raise malformed(parameter.code, "'Type/id', an id, or an absolute URL")
    if modifier:
        return _local(parameter, modifier, text, setting)
    return _any_type(parameter, text, setting)


def local_part(url: str, base: str) -> str:
    """`Type/id` of an absolute URL on our own base (with its closing slash); any other stays as it is."""
    return url.removeprefix(base) if len(base) > 1 else url


def _local(parameter: Parameter, type_: str, id_: str, setting: Setting) -> Predicate:
    return HasToken(tuple(_to(parameter, type_, alias) for alias in _same(type_, id_, setting)))


def _any_type(parameter: Parameter, id_: str, setting: Setting) -> Predicate:
    targets = parameter.targets if len(parameter.targets) <= _MANY_TARGETS else ()
    tokens = [_to(parameter, target, alias) for target in targets for alias in _same(target, id_, setting)]
    if not parameter.narrows:
        tokens += [parameter.token("id", alias) for alias in _same("Patient", id_, setting)]
    return HasToken(tuple(tokens))


def _hierarchy(parameter: Parameter, modifier: str, type_: str, id_: str) -> Predicate:
    """By what a resource is a part of: `location:below=Location/1` are all places in that one."""
    part_of = {target: code for target in parameter.targets if (code := _part_of(target))}
    if (type_ and type_ not in part_of) or not part_of:
        whole = type_ or " or ".join(parameter.targets[:3])
        raise not_supported(f"{parameter.code}:{modifier}", f"{whole} has no hierarchy")
    if not type_ and len(part_of) > 1:
        raise malformed(f"{parameter.code}:{modifier}", f"'Type/id', with one of {', '.join(part_of)}")
    if not _ID.fullmatch(id_):
        raise malformed(f"{parameter.code}:{modifier}", "'Type/id' or an id")
    type_ = type_ or next(iter(part_of))
    return InHierarchy((parameter.key,), type_, id_, part_of[type_], modifier == "below")


def _part_of(type_: str) -> str | None:
    """The parameter that says what a resource of the type is a part of, if another of its type."""
    for code in ("partof", "part-of"):
        found = parameters(type_).get(code)
        if found is not None and type_ in found.targets:
            return code
    return None


def _same(type_: str, id_: str, setting: Setting) -> list[str]:
    return [id_, *(other for other in setting.aliases(id_) if other != id_)] if type_ == "Patient" else [id_]


def _to(parameter: Parameter, type_: str, id_: str) -> int:
    return parameter.token("to", type_, id_)


def _identified(parameter: Parameter, value: str) -> Predicate:
    parts = [unescape(part) for part in split(value, "|")]
    if len(parts) > 2 or not parts[-1]:
        raise malformed(f"{parameter.code}:identifier", "'value' or 'system|value'")
    if len(parts) == 1:
        return HasToken((_own_token(parameter, "identifier value", parts[0]),))
    return HasToken((_own_token(parameter, "identifier", *parts),))


def _own_token(parameter: Parameter, kind: str, *parts: str) -> int:
    """The hash of what does not tell a type, so that a parameter which narrows another has it under its own name."""
    key = f"{parameter.resource}.{parameter.code}" if parameter.narrows else parameter.key
    return token_hash(key, kind, *parts)


def _reference(parameter: Parameter, base: str) -> Sink:
    present, hash_ = parameter.present, parameter.hash
    listed = frozenset(parameter.targets if len(parameter.targets) <= _MANY_TARGETS else ())

    def reference(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        text = value.get("reference")
        if text and text[0] != "#":
            text = local_part(text, base)
            local = _LOCAL.fullmatch(text)
            if local:
                type_, id_ = local.groups()
                rows.tokens.append(_to(parameter, type_, id_))
                rows.references.append(ReferenceRow(hash_, type_, id_))
                if type_ not in listed:
                    rows.tokens.append(parameter.token("id", id_))
            else:
                rows.tokens.append(parameter.token("url", text))
        _identifier(parameter, value, rows)

    return reference


def narrowed(parameter: Parameter, base: str) -> Sink:
    """What a parameter that narrows another keeps of its own: that there is a value, and what tells no type."""
    present, base = parameter.present, base.rstrip("/") + "/"

    def reference(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        text = value.get("reference")
        if text and ":" in text and not _LOCAL.fullmatch(local_part(text, base)):
            rows.tokens.append(parameter.token("url", text))
        _identifier(parameter, value, rows)

    return reference


def _identifier(parameter: Parameter, value: Any, rows: IndexRows) -> None:
    identifier = value.get("identifier")
    if identifier and "value" in identifier:
        system, identified = identifier.get("system", ""), identifier["value"]
        rows.tokens.append(parameter.token("identifier", system, identified))
        rows.tokens.append(parameter.token("identifier value", identified))


def _canonical(parameter: Parameter) -> Sink:
    present = parameter.present

    def canonical(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        rows.tokens.append(parameter.token("url", value))
        plain, _, version = value.partition("|")
        if version:
            rows.tokens.append(parameter.token("url", plain))

    return canonical


def _resource(parameter: Parameter) -> Sink:
    """A resource inside another (Bundle.composition) counts as a reference to itself."""

    def resource(value: Any, rows: IndexRows) -> None:
        type_, id_ = value.get("resourceType"), value.get("id")
        if type_ in parameter.targets:
            rows.tokens += parameter.present
            if id_:
                rows.tokens.append(_to(parameter, type_, id_))
                rows.references.append(ReferenceRow(parameter.hash, type_, id_))

    return resource
