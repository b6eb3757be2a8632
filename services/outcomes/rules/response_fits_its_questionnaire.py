"""A response answers the Questionnaire it names, if that is known here and is none of our instruments.

A response to one of ours is never kept out: what is not understood in it may be a danger sign, and is scored as no
score. https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from services.outcomes.domain.answers import RELATIVE, questionnaire
from services.outcomes.domain.questionnaires import QUESTIONNAIRE, versions
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation.questionnaire_response import response_faults
from telerehab.resource import Resource

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork


def is_to_one_of_others(change: Change) -> bool:
    """Whether a response is written that still stands and names a Questionnaire, none of ours."""
    after = change.after.content if change.after else {}
    named = isinstance(after.get("questionnaire"), str) and after["status"] != "entered-in-error"
    return named and questionnaire(after)[0] not in versions()


async def named(change: Change, work: UnitOfWork) -> Sequence[Resource]:
    """The Questionnaires stored here under the URL, or the relative reference, that the response names."""
    url = change.content["questionnaire"].partition("|")[0]
    if url.startswith(RELATIVE):
        found = await work.read("Questionnaire", url.removeprefix(RELATIVE).partition("/")[0])
        return [found] if found else []
    if url.startswith("#"):
        return []
    return await work.search(f"Questionnaire?url={quote(_escaped(url), safe='')}")


def _escaped(value: str) -> str:
    """As a value in a search, in which these have a meaning."""
    return "".join(f"\\{char}" if char in "\\,$|" else char for char in value)


@rule("QuestionnaireResponse", find={"named": named}, when=is_to_one_of_others)
def response_fits_its_questionnaire(change: Change) -> Iterator[Verdict]:
    """Everything that does not fit is told at once, each fault at its place."""
    asked = _asked(change)
    for fault in response_faults(change.content, asked) if asked else ():
        yield Refuse(fault.diagnostics, fault.expression, fault.code)


def _asked(change: Change) -> JsonObject | None:
    """The Questionnaire in the version that is named, or the only one there is; None if it is not known which."""
    url, _, version = change.content["questionnaire"].partition("|")
    if url.startswith("#"):
        contained = change.content.get("contained", ())
        own = (one for one in contained if one["resourceType"] == "Questionnaire" and one["id"] == url[1:])
        return next(own, None)
    known = {found.reference: found.content for found in change.found["named"]}
    known |= {
        other.subject.reference: other.content
        for other in change.others
        if other.type == "Questionnaire" and other.after is not None and other.content.get("url") == url
    }
    fitting = [one for one in known.values() if version in ("", one.get("version")) and not _is_ours(one)]
    return fitting[0] if len(fitting) == 1 else None


def _is_ours(asked: JsonObject) -> bool:
    return str(asked.get("url", "")).startswith(QUESTIONNAIRE)
