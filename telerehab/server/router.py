"""The router: every interaction there is, by place and method; what no line names is not supported.

HTTP, the entries of a batch and gRPC all pass through `handle`; every error leaves it as an OperationOutcome.
https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from telerehab.fhir import json
from telerehab.fhir.definitions import resource_types
from telerehab.fhir.outcome import FhirError, Issue, bad_request, internal, not_allowed, unknown_type
from telerehab.observability import Log, current_request
from telerehab.owners import owner_of
from telerehab.server import audit
from telerehab.server.answers import failed
from telerehab.server.interaction import Interaction
from telerehab.server.interactions.bundle import batch_or_transaction
from telerehab.server.interactions.capabilities import capabilities
from telerehab.server.interactions.conditional_delete import conditional_delete
from telerehab.server.interactions.conditional_patch import conditional_patch
from telerehab.server.interactions.conditional_update import conditional_update
from telerehab.server.interactions.create import create
from telerehab.server.interactions.delete import delete
from telerehab.server.interactions.history import history_instance, history_system, history_type
from telerehab.server.interactions.patch import patch
from telerehab.server.interactions.read import read
from telerehab.server.interactions.search_compartment import ALL, search_compartment
from telerehab.server.interactions.search_system import search_system
from telerehab.server.interactions.search_type import search_type
from telerehab.server.interactions.update import update
from telerehab.server.interactions.vread import vread
from telerehab.server.negotiation import pretty, require_acceptable
from telerehab.server.operations.dispatch import operation
from telerehab.server.position import BEHIND, POSITION, catch_up
from telerehab.server.request import FhirRequest, FhirResponse

if TYPE_CHECKING:
    from telerehab.engine import Engine

_READ = Interaction("read", "R", read, ("read",))
_VREAD = Interaction("vread", "R", vread, ("vread",))
_OPERATION = Interaction("operation", "E", operation)
_SEARCH_SYSTEM = Interaction("search-system", "E", search_system, ("search-system",))
_SEARCH_COMPARTMENT = Interaction("search-compartment", "E", search_compartment)

ROUTES: Mapping[str, Mapping[str, Interaction]] = {
    "": {
        "GET": _SEARCH_SYSTEM,
        "POST": Interaction("transaction", "", batch_or_transaction, ("transaction", "batch")),
    },
    "_search": {"POST": _SEARCH_SYSTEM},
    "metadata": {"GET": Interaction("capabilities", "", capabilities)},
    "_history": {"GET": Interaction("history-system", "E", history_system, ("history-system",))},
    "$": {"GET": _OPERATION, "POST": _OPERATION},
    "[type]": {
        "GET": Interaction("search-type", "E", search_type, ("search-type",)),
        "POST": Interaction("create", "C", create, ("create",)),
        "PUT": Interaction("update", "U", conditional_update),
        "PATCH": Interaction("patch", "U", conditional_patch),
        "DELETE": Interaction("delete", "D", conditional_delete),
    },
    "[type]/_search": {"POST": Interaction("search-type", "E", search_type)},
    "[type]/_history": {"GET": Interaction("history-type", "E", history_type, ("history-type",))},
    "[type]/$": {"GET": _OPERATION, "POST": _OPERATION},
    "[type]/[id]": {
        "GET": _READ,
        "PUT": Interaction("update", "U", update, ("update",)),
        "PATCH": Interaction("patch", "U", patch, ("patch",)),
        "DELETE": Interaction("delete", "D", delete, ("delete",)),
    },
    "[type]/[id]/_history": {
        "GET": Interaction("history-instance", "R", history_instance, ("history-instance",))
    },
    "[type]/[id]/_history/[version]": {"GET": _VREAD},
    "[type]/[id]/$": {"GET": _OPERATION, "POST": _OPERATION},
    "[type]/[id]/[compartment]": {"GET": _SEARCH_COMPARTMENT},
    "[type]/[id]/[compartment]/_search": {"POST": _SEARCH_COMPARTMENT},
}

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_PLACES = ("[type]", "[id]", "[compartment]", "[version]")
_COMPARTMENT = "[type]/[id]/[compartment]"
_log = Log(__name__)


async def handle(engine: Engine, request: FhirRequest) -> FhirResponse:
    """Answer one request; never raises for what a client sends."""
    is_pretty = False
    try:
        is_pretty = _negotiate(request)
        interaction = find(engine, request)
        _tell(interaction, request)
        response = await _answer(engine, request, interaction)
    except FhirError as error:
        response = failed(error)
    except Exception as error:
        _log.error("interaction.failed", error)
        response = failed(internal(request.caller.request_id))
    if is_pretty and response.body:
        response.body = json.dump(json.parse(response.body), pretty=True)
    return response


async def _answer(engine: Engine, request: FhirRequest, interaction: Interaction) -> FhirResponse:
    behind = ""
    try:
        behind = await catch_up(engine, request) if POSITION in request.headers else ""
        response = await interaction.answer(engine, request)
    except FhirError as error:
        await audit.refused(engine, request, interaction, error.status)
        if behind:  # what is not there may be there later
            error.headers = {**error.headers, BEHIND: behind}
        raise
    if behind:
        response.headers[BEHIND] = behind
    return response


def find(engine: Engine, request: FhirRequest) -> Interaction:
    """The interaction that a request means; raises 404 or 405 where there is none, 400 for an impossible id."""
    path = request.path
    place = _place(path)
    methods = ROUTES.get(place)
    if place.startswith(_COMPARTMENT):
        _require_compartment(engine, path)
    elif path and path[0][:1] not in ("_", "$") and path[0] != "metadata":
        _require_own(engine, path[0])
    if methods is None:
        raise FhirError(
            404, [Issue("not-supported", "There is no such place in the FHIR API of this service.")]
        )
    if len(path) > 1 and path[1][:1] not in ("_", "$"):
        _require_id(path[1])
    method = "GET" if request.method == "HEAD" else request.method
    interaction = methods.get(method)
    if interaction is None:
        raise not_allowed(request.method, [*methods, *(["HEAD"] if "GET" in methods else [])])
    return interaction


def codes(*, on_types: bool) -> list[str]:
    """The interactions there are, as a CapabilityStatement has them: those on a type, or those on the system."""
    listed = (
        code
        for place, methods in ROUTES.items()
        for interaction in methods.values()
        for code in interaction.codes
        if place.startswith("[type]") is on_types
    )
    return list(dict.fromkeys(listed))


def conditional() -> dict[str, Any]:
    """The conditional interactions on a type, as a CapabilityStatement has them."""
    on_type = ROUTES["[type]"]
    return {
        "conditionalCreate": "POST" in on_type,
        "conditionalRead": "full-support",
        "conditionalUpdate": "PUT" in on_type,
        "conditionalDelete": "single" if "DELETE" in on_type else "not-supported",
    }


def _place(path: tuple[str, ...]) -> str:
    """Where a path leads, in the words of `ROUTES`: "[type]/[id]"."""
    if len(path) == 2 and path[1][:1] not in ("_", "$") and path[0][:1] not in ("_", "$"):
        return "[type]/[id]"  # most requests, without further looking
    if len(path) > len(_PLACES):
        return "too deep"
    return "/".join(
        "$"
        if segment[:1] == "$"
        else segment
        if segment[:1] == "_" or segment == "metadata"
        else _PLACES[position]
        for position, segment in enumerate(path)
    )


def _require_own(engine: Engine, type_: str) -> None:
    if type_ in engine.service.types:
        return
    if type_ not in resource_types():
        raise unknown_type(type_)
    told = f"{type_} is kept by the service '{owner_of(type_)}', not by '{engine.service.name}'."
    raise FhirError(404, [Issue("not-supported", told)])


def _require_compartment(engine: Engine, path: tuple[str, ...]) -> None:
    """What is searched in a compartment is kept here; the resource it is named after may be another service's."""
    if path[0] not in resource_types():
        raise unknown_type(path[0])
    if path[2] != ALL:
        _require_own(engine, path[2])


def _require_id(id_: str) -> None:
    if _ID.fullmatch(id_) is None or id_ in (".", ".."):
        raise bad_request("An id has 1 to 64 of the characters A-Z, a-z, 0-9, '-' and '.'.", code="value")


def _negotiate(request: FhirRequest) -> bool:
    """406 unless the client takes JSON; whether it wants it pretty."""
    accept = request.headers.get("accept", "")
    if not request.query:
        require_acceptable(accept, None)
        return False
    require_acceptable(accept, request.one("_format"))
    return pretty(request.one("_pretty"))


def _tell(interaction: Interaction, request: FhirRequest) -> None:
    """Name the interaction for log and metrics; the entries of a batch count as that batch."""
    work = current_request()
    if work is not None and work.interaction == "other":
        work.interaction = interaction.name
        work.type = request.path[0] if request.path and request.path[0] in resource_types() else ""
