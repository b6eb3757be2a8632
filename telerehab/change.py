"""A change to one resource, and what a rule may say about it: refuse it, write further, emit an event.

A rule is a pure generator over a `Change`; it never alters the resource it judges, and it knows neither clock nor
database: what it needs of other resources it names in `find`, and the unit of work hands that over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.resource import Resource

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Change:
    """One resource before and after; `after` is None for a deletion, `before` for a creation.

    `found` holds what the rule asked to `find`, `others` the other changes of the same bundle or command,
    `now` the time of the request (aware, UTC), `version` the one that the change makes (0: another owner's).
    `heard`: a handler makes it because of an event, no client does; `operated`: an operation of the service does.
    """

    before: Resource | None
    after: Resource | None
    now: datetime
    found: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    others: Iterable[Change] = ()
    version: int = 0
    heard: bool = False
    operated: bool = False

    @property
    def type(self) -> str:
        return self.subject.type

    @property
    def subject(self) -> Resource:
        """The resource the change is about, in its newest form."""
        resource = self.after or self.before
        assert resource is not None
        return resource

    @property
    def content(self) -> JsonObject:
        """The newest content: what will be, or for a deletion what was."""
        return self.subject.content

    def became(self, element: str) -> Any | None:
        """The new value of a top-level element if this change set or altered it, else None."""
        value = self.after.content.get(element) if self.after else None
        previous = self.before.content.get(element) if self.before else None
        return value if value != previous else None


@dataclass(frozen=True, slots=True)
class Refuse:
    """The change must not happen; `code` is an issue-type, `status` the HTTP status that fits it."""

    diagnostics: str
    expression: str | None = None
    code: str = "business-rule"
    status: int = 422

    def error(self) -> FhirError:
        return FhirError(self.status, [Issue(self.code, self.diagnostics, self.expression)])


@dataclass(frozen=True, slots=True)
class Write:
    """A further resource of the rule's own service, created or replaced in the same commit."""

    content: JsonObject


@dataclass(frozen=True, slots=True)
class Emit:
    """An event that becomes known if, and only if, the change is committed.

    `message` is a protobuf of telerehab.events.v1; it holds ids, codes, times, quantities: no names, no free text.
    """

    message: Message


@dataclass(frozen=True, slots=True)
class Keep:
    """Side rows in the same commit, in place of those that `table` (declared by `heard`) has under `id`.

    For what a rule found at another owner and the constraints of its own service need to know.
    """

    table: str
    id: str
    rows: Sequence[Mapping[str, Any]]


Verdict = Refuse | Write | Emit | Keep
RuleFunction = Callable[[Change], Iterator[Verdict]]
Condition = Callable[[Change], bool]
Look = Callable[[Change, "UnitOfWork"], Awaitable[Sequence[Resource]]]
"""Finds what no path and no search of own types can: what was heard, what another owner knows by search."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as registered: its name is the sentence it enforces."""

    name: str
    types: tuple[str, ...]
    judge: RuleFunction
    find: Mapping[str, str | Look] = field(default_factory=dict)
    when: Condition | None = None

    def concerns(self, change: Change) -> bool:
        """Whether the rule has anything to say; asked before anything is read for it (`found` is empty)."""
        return self.when is None or self.when(change)


def rule(
    *types: str, find: Mapping[str, str | Look] | None = None, when: Condition | None = None
) -> Callable[[RuleFunction], Rule]:
    """Declare a rule over changes to `types`, or to those of them for which `when` holds.

    `find` names what it needs: an element path whose references are read ("Appointment.slot"), or a search on
    types of the own service by a reference from the change
    ("Appointment?actor={Appointment.participant.actor}", "Slot?schedule={self}"); "{now}" in it is the time of the
    request, "{now-14d}" fourteen days before. "Appointment.participant.actor:PractitionerRole" reads the references
    to that type alone. Both are guarded: if what was found changes before the commit, the
    change is planned again. A function (`Look`) guards what it found itself, or answers for it that it is advisory.
    """

    def declare(judge: RuleFunction) -> Rule:
        return Rule(judge.__name__, types, judge, find or {}, when)

    return declare


def values_at(content: Mapping[str, Any], path: str) -> list[Any]:
    """All values at a dotted element path, lists flattened: `values_at(appointment, "participant.actor.reference")`.

    A leading type name ("Appointment.slot") is allowed and must be the content's own, else nothing is found.
    """
    first, _, rest = path.partition(".")
    if first[:1].isupper():
        if content.get("resourceType") != first:
            return []
        path = rest
    values: list[Any] = [content]
    for name in path.split("."):
        values = [item for value in values if isinstance(value, Mapping) for item in _listed(value.get(name))]
    return values


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
