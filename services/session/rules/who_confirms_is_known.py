"""Who confirms for a visit what must be known before it, or goes on without it, is a clinician known here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.session.domain.gate import element
from services.session.domain.visit_safety import confirmed_by, facts, is_at_work, is_clinician
from services.session.lifecycles import is_visit
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


def is_stated(change: Change) -> bool:
    """Whether a client writes facts of its own; `$confirm-safety` has asked who it is, and names its parameter."""
    return (
        change.after is not None
        and not change.operated
        and not change.heard
        and is_visit(change.content)
        and bool(_named(change))
    )


async def clinicians(change: Change, work: UnitOfWork) -> Sequence[Resource]:
    """Those that the new facts name, as records knows them now: advisory."""
    found = [await work.elsewhere(by) for by in _named(change)]
    return [one for one in found if one is not None]


@rule("Encounter", find={"clinicians": clinicians}, when=is_stated)
def who_confirms_is_known(change: Change) -> Iterator[Verdict]:
    """By nobody a danger sign would be decided about by nobody; what was confirmed before is not asked again."""
    at_work = {one.reference for one in change.found["clinicians"] if is_at_work(one.content)}
    for by, item in _named(change).items():
        if by not in at_work:
            yield Refuse(f"{by} is no active clinician known here.", element(item, "by"), "not-found")


def _named(change: Change) -> dict[str, str]:
    """The clinicians of facts that are new or changed, each with an item it confirms; nobody else's fact counts."""
    before = _facts(change.before.content) if change.before else []
    stated = ((confirmed_by(fact), str(fact["url"])) for fact in _facts(change.content) if fact not in before)
    return {by: item for by, item in stated if is_clinician(by)}


def _facts(encounter: JsonObject) -> list[JsonObject]:
    return list(facts(encounter).get("extension", ()))
