"""What a link of another owner's search asks of this one: ids, under the caller's access, never cut off.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telerehab.fhir.outcome import FhirError, too_costly
from telerehab.server.including import OtherOwners
from telerehab.store.search.links import MOST

if TYPE_CHECKING:
    from telerehab.access import Caller
    from telerehab.engine import Engine


async def ids(
    engine: Engine, text: str, caller: Caller, referred: tuple[tuple[int, ...], str] | None
) -> list[str]:
    """The ids of what a search finds; or with `referred`, of the resources of a type that this refers to.

    `referred` are the references' parameters (hashes) and the type. FhirError 400 too-costly beyond `MOST`.
    """
    query = engine.query(text)
    search, access = engine.store.searches, engine.store.aliases.widened(caller.access)
    elsewhere = OtherOwners(engine, caller)
    if referred is None:
        found = await search.ids(query, access, limit=MOST + 1, elsewhere=elsewhere)
        if len(found) > MOST:
            raise _too_many(query.type)
        return found
    targets = await search.referred(query, access, *referred, limit=MOST, elsewhere=elsewhere)
    if targets is None:
        raise _too_many(query.type)
    return targets


def _too_many(type_: str) -> FhirError:
    return too_costly(
        f"What is asked of {type_} is met by too many: a search by it is answered up to {MOST} resources."
    )
