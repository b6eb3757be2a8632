"""Content: the definitions a service brings along (Questionnaires, PlanDefinitions), stored when it starts.

https://hl7.org/fhir/R4/resource.html#canonical
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from telerehab.access import Caller
from telerehab.fhir.json import JsonObject
from telerehab.observability import Request, working_on

if TYPE_CHECKING:
    from telerehab.engine import Engine
    from telerehab.unit_of_work import UnitOfWork

Content = Callable[[], Sequence[JsonObject]]
"""Makes the definitions: each has an `id` that follows from its url and version, so that all versions stay readable."""


async def bring(engine: Engine) -> None:
    """Store what the engine's service brings along, where it is lacking or differs, in one commit.

    Replicas may do it at the same time: whoever misses plans again and finds nothing left to do.
    """
    if not engine.service.content:
        return
    with working_on(Request(engine.service.name)) as request:
        await engine.run(Caller(f"{engine.service.name}/content", request.id), _put_all)


async def _put_all(work: UnitOfWork) -> None:
    for definition in (one for content in work.engine.service.content for one in content()):
        await work.put(definition)
