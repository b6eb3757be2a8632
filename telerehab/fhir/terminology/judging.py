"""Whether coded values are in a value set or code system, and why not.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telerehab.fhir.outcome import Issue, unprocessable
from telerehab.fhir.search.types.string import fold
from telerehab.fhir.terminology.code_system import CodeSystem
from telerehab.fhir.terminology.expansion import Content, Member
from telerehab.fhir.terminology.known import Known
from telerehab.fhir.terminology.showing import in_language

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What $validate-code answers."""

    result: bool
    message: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The conditions of a judgement beyond the code: abstract codes allowed, and the language of displays."""

    abstract: bool = True
    language: str | None = None

    def of(self, found: Member, display: str | None) -> Verdict:
        """The verdict on a code that was found."""
        preferred = in_language(found.display, found.designations, self.language)
        if found.abstract and not self.abstract:
            return Verdict(False, f"The code '{found.code}' is abstract: it only groups others.", preferred)
        names = [preferred, found.display, *(str(one["value"]) for one in found.designations)]
        if display is not None and any(names) and fold(display) not in {fold(name) for name in names if name}:
            return Verdict(False, f"The display of '{found.code}' is another: '{preferred}'.", preferred)
        note = f"The code '{found.code}' is no longer in use." if found.inactive else None
        return Verdict(True, note, preferred)


def in_value_set(coding: Json, content: Content, known: Known, judged: Judged) -> Verdict:
    """Whether a Coding is in a value set; FhirError 422 where that cannot be known."""
    system, code = coding.get("system"), coding.get("code")
    if not system or not code:
        return Verdict(False, "A coding needs a system and a code to be judged.")
    defined = known.code_system(system)
    concept = None if defined is None else defined.find(code)
    found = content.holds(system, code if concept is None else concept.code)
    if found is None:
        note = " Of that system only some codes are known here." if system in content.partial else ""
        return Verdict(False, f"The code '{code}' of {system} is not in the value set.{note}")
    _require_version(coding.get("version"), found.version)
    return judged.of(found, coding.get("display"))


def in_code_system(coding: Json, system: CodeSystem, judged: Judged) -> Verdict:
    """Whether a Coding is in a code system."""
    code = coding.get("code")
    if not code:
        return Verdict(False, "A coding needs a code to be judged.")
    if coding.get("system", system.url) != system.url:
        return Verdict(False, f"The coding is of another system than {system.url}.")
    _require_version(coding.get("version"), system.version)
    concept = system.find(code)
    if concept is None:
        note = "" if system.complete else " Of that system only some codes are known here."
        return Verdict(False, f"The code '{code}' is not in {system.url}.{note}")
    member = Member(
        system.url,
        concept.code,
        concept.display,
        concept.designations,
        system.version,
        concept.abstract,
        concept.inactive,
    )
    return judged.of(member, coding.get("display"))


def of_all(verdicts: Sequence[Verdict]) -> Verdict:
    """A CodeableConcept is in as soon as one of its codings is."""
    if not verdicts:
        return Verdict(False, "The concept has no coding.")
    return next(
        (one for one in verdicts if one.result),
        Verdict(False, " ".join(one.message for one in verdicts if one.message)),
    )


def _require_version(wanted: Any, known: str | None) -> None:
    if wanted is not None and known is not None and wanted != known:
        told = f"The version '{str(wanted)[:64]}' of the code system is not loaded here; '{known}' is."
        raise unprocessable([Issue("not-supported", told)])
