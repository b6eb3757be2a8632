"""The XHTML of a narrative: well formed, harmless, and not empty (txt-1, txt-2).

https://hl7.org/fhir/R4/narrative.html#xhtml
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from telerehab.fhir.validation.context import Fault

_NAMESPACE = "http://www.w3.org/1999/xhtml"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _names(
    "p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr"
    " address bdo kbd sub sup ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td"
    " code samp img map area"
)
_ATTRIBUTES = _names(
    "title style class id lang xml:lang dir accesskey tabindex span width height align valign char charoff abbr"
    " axis headers scope rowspan colspan xmlns"
)
_ATTRIBUTES_OF = {
    "a": _names("href name charset type hreflang rel rev shape coords"),
    "area": _names("shape coords href nohref alt"),
    "blockquote": _names("cite"),
    "img": _names("src border alt longdesc usemap ismap"),
    "map": _names("name"),
    "ol": _names("start type"),
    "pre": _names("xml:space"),
    "q": _names("cite"),
    "table": _names("summary border frame rules cellspacing cellpadding bgcolor"),
    "td": _names("nowrap bgcolor"),
    "th": _names("nowrap bgcolor"),
    "tr": _names("bgcolor"),
}
_LINKS = _names("href src cite longdesc usemap")
_NONE = _names("")

_NOT_A_STRING = Fault("structure", "Expected a JSON string.")
_NOT_A_DIV = Fault("value", f"The narrative must be one div element in the namespace {_NAMESPACE}.")
_MALFORMED = Fault("value", "The narrative must be well-formed XHTML, with no entities but those of XML.")
_DOCTYPE = Fault("value", "The narrative must not hold a document type, entities or processing instructions.")
_ACTIVE = Fault("invariant", "The narrative must not hold a link that runs a script (txt-1).")
_NO_CONTENT = Fault("invariant", "The narrative must have some content that is not white space (txt-2).")


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


class _Reader:
    """Follows one narrative's elements and text."""

    __slots__ = ("content", "inside")

    def __init__(self) -> None:
        self.inside = False
        self.content = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.inside:
            if tag != "div" or attributes.get("xmlns") != _NAMESPACE:
                raise _Refused(_NOT_A_DIV)
            self.inside = True
        if tag not in _ELEMENTS:
            raise _Refused(
                Fault("invariant", "The narrative holds an element that is not allowed there (txt-1).")
            )
        if tag == "img":
            self.content = True
        for name, value in attributes.items():
            _attribute(tag, name, value)

    def text(self, data: str) -> None:
        if not self.content and not data.isspace():
            self.content = True

    def refuse(self, *_: object) -> None:
        raise _Refused(_DOCTYPE)


def _attribute(tag: str, name: str, value: str) -> None:
    if name not in _ATTRIBUTES and name not in _ATTRIBUTES_OF.get(tag, _NONE):
        raise _Refused(
            Fault("invariant", "The narrative holds an attribute that is not allowed there (txt-1).")
        )
    if name == "xmlns" and value != _NAMESPACE:
        raise _Refused(_NOT_A_DIV)
    if name in _LINKS and _is_active(tag, value):
        raise _Refused(_ACTIVE)


def _is_active(tag: str, link: str) -> bool:
    # browsers skip white space and control characters in a scheme
    scheme = "".join(char for char in link.partition(":")[0] if char > " ").lower()
    return scheme in ("javascript", "vbscript") or (scheme == "data" and tag != "img")


def accept_xhtml(value: Any) -> Fault | None:
    """Judge the text of a Narrative.div; entities are never expanded, nothing outside the text is read."""
    if type(value) is not str:
        return _NOT_A_STRING
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.ProcessingInstructionHandler = reader.refuse
    try:
        parser.Parse(value.encode(), True)
    except _Refused as refused:
        return refused.fault
    except (expat.ExpatError, UnicodeEncodeError):
        return _MALFORMED
    return None if reader.content else _NO_CONTENT
