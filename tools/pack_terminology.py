"""Packs HL7's code systems and value sets of R4 for the product: `python tools/pack_terminology.py FOLDER`.

FOLDER holds `valuesets.xml`, `v3-codesystems.xml` and `v2-tables.xml` of FHIR 4.0.1 (they are also in Maven's
`ca.uhn.hapi.fhir:hapi-fhir-validation-resources-r4`, under `org/hl7/fhir/r4/model/valueset`).
https://hl7.org/fhir/R4/downloads.html
"""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from telerehab.fhir.definitions.structures import structure
from telerehab.fhir.terminology.archive import ARCHIVE, entry_name

SOURCES = ("valuesets.xml", "v3-codesystems.xml", "v2-tables.xml")
KEPT = {
    "CodeSystem": (
        "resourceType", "url", "version", "name", "title", "status", "caseSensitive", "valueSet", "content",
        "hierarchyMeaning", "property", "concept",
    ),
    "ValueSet": ("resourceType", "url", "version", "name", "title", "status", "compose"),
}  # fmt: skip
NOT_HL7S = frozenset({"http://dicom.nema.org/resources/ontology/DCM"})
CODES_ONLY = frozenset({"http://snomed.info/sct", "http://www.ama-assn.org/go/cpt"})
"""Systems whose texts are not free to pass on."""
_EXAMPLE = re.compile(r"/example(-|$)")
_FHIR = "{http://hl7.org/fhir}"
_EPOCH = (1980, 1, 1, 0, 0, 0)

Json = dict[str, Any]


def pack(folder: Path) -> int:
    """Write the archive; how many definitions it holds."""
    definitions = sorted(
        (kept for name in SOURCES for kept in _definitions(folder / name)),
        key=lambda one: entry_name(*_key(one)),
    )
    with ZipFile(ARCHIVE, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for definition in definitions:
            text = json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
            entry = ZipInfo(entry_name(*_key(definition)), _EPOCH)
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, text.encode())
    return len(definitions)


def _key(definition: Json) -> tuple[str, str]:
    return definition["resourceType"], definition["url"]


def _definitions(source: Path) -> Iterator[Json]:
    for resource in ElementTree.parse(source).iter(f"{_FHIR}resource"):
        type_ = resource[0].tag.removeprefix(_FHIR)
        if type_ not in KEPT:
            continue
        read = {"resourceType": type_, **_object(resource[0], type_)}
        if _EXAMPLE.search(read["url"]) or read["url"] in NOT_HL7S:
            continue
        if type_ == "CodeSystem" and read["content"] in ("not-present", "supplement"):
            continue
        for include in read.get("compose", {}).get("include", ()):
            if include.get("system") in CODES_ONLY:
                include["concept"] = [{"code": one["code"]} for one in include.get("concept", ())]
                if not include["concept"]:
                    del include["concept"]
        yield {name: read[name] for name in KEPT[type_] if name in read}


def _object(element: ElementTree.Element, path: str) -> Json:
    """An element with children as JSON, by what the R4 structures say of them; extensions and narrative left out."""
    members = _members(path)
    read: Json = {}
    for child in element:
        name = child.tag.removeprefix(_FHIR)
        if name not in members:
            continue
        inner, type_, repeats = members[name]
        value = child.get("value")
        value_read: Any = _object(child, inner) if value is None else _primitive(type_, value)
        if repeats:
            read.setdefault(name, []).append(value_read)
        else:
            read[name] = value_read
    return read


def _members(path: str) -> dict[str, tuple[str, str, bool]]:
    """By JSON name: the path of its own members, its type, whether it repeats."""
    members = {}
    for element in structure(path.partition(".")[0])["element"]:
        parent, _, name = element["path"].rpartition(".")
        if parent != path or name in ("text", "meta", "extension", "modifierExtension", "contained", "id"):
            continue
        if "contentReference" in element:
            members[name] = (element["contentReference"].removeprefix("#"), "", element["max"] == "*")
            continue
        for type_ in element.get("type", ()):
            code = type_["code"]
            inner = element["path"] if code in ("BackboneElement", "Element") else code
            named = name.replace("[x]", code[0].upper() + code[1:])
            members[named] = (inner, code, element["max"] == "*")
    return members


def _primitive(type_: str, text: str) -> str | bool | int:
    if type_ == "boolean":
        return text == "true"
    return int(text) if type_ in ("integer", "unsignedInt", "positiveInt") else text


def main(arguments: Iterable[str]) -> None:
    (folder,) = arguments
    print(f"{pack(Path(folder))} definitions in {ARCHIVE.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
