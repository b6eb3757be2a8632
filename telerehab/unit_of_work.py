"""The unit of work: the one path of every write, from what a caller wants to a planned write set.

    read what is needed, unlocked -> validate -> access -> rules to a fixed point -> one commit

What is read through it is relied on: it becomes the expected version of a write, or a guard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from telerehab import identity
from telerehab.access import Caller
from telerehab.aliases import aliases_of, refuse_outside
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, gone, not_found, version_mismatch
from telerehab.fhir.own_references import mentioned, relative
from telerehab.judging import Judging
from telerehab.planning import NO_ENTRY, Planned, assemble
from telerehab.projection import Row
from telerehab.resource import Resource, with_id
from telerehab.write_set import AliasWrite, Applied, Command, Counter, Guard, InboxRow, WriteSet

if TYPE_CHECKING:
    from telerehab.engine import Engine
    from telerehab.event import Event


class UnitOfWork:
    """Collects changes to one service's resources and plans them as one write set.

    `overlay` holds resources of the same bundle that other owners will write; they are seen by reads and rules.
    `event` is the event that caused this work, if a handler does it: then no neighbour is asked.
    """

    def __init__(
        self,
        engine: Engine,
        caller: Caller,
        *,
        now: datetime | None = None,
        overlay: Mapping[str, Resource | None] | None = None,
        event: Event[Any] | None = None,
    ) -> None:
        self.engine = engine
        self.caller = caller
        self.now = now or engine.clock()
        self.event = event
        self.operated = False  # set by an operation, whose writes are the service's own
        self.overlay = dict(overlay or {})
        self.planned: dict[str, Planned] = {}
        self.guards: dict[str, int] = {}
        self.counters: dict[int, Counter] = {}
        self.emitted: list[tuple[Message, Resource]] = []
        self.inbox: list[InboxRow] = []
        self.aliases: list[AliasWrite] = []
        self.kept: dict[str, dict[str, list[Row]]] = {}
        self.unchanged: list[Resource] = []
        self.command: Command | None = None
        self.write_set: WriteSet | None = None  # once committed
        self._current: dict[tuple[str, str], Resource | None] = {}
        self._judging = Judging(self)
        self._made = 0

    # Reading

    async def current(self, type_: str, id_: str) -> Resource | None:
        """The stored version, also if it is a deletion; None if it never existed or is hidden from the caller.

        Read once: all of one work's decisions are about the same version.
        """
        known = (type_, id_)
        if known not in self._current:
            self._current[known] = await self.engine.store.read(type_, id_, self.caller.access)
        return self._current[known]

    async def read(self, type_: str, id_: str) -> Resource | None:
        """The live resource as this work will leave it, or None; guarded until the commit if stored here.

        What a restricted caller does not find may only be hidden: its absence is no guard, which would tell.
        """
        reference = f"{type_}/{id_}"
        if reference in self.planned:
            return self.planned[reference].after
        if reference in self.overlay:
            return self.overlay[reference]
        found = await self.current(type_, id_)
        if found is not None or self.caller.access.unrestricted:
            self.guards.setdefault(reference, found.version if found else 0)
        return found if found and not found.deleted else None

    async def replaced(self, type_: str, id_: str) -> Resource | None:
        """What a rule's write replaces, even if hidden from the caller; the version that was read, if it was."""
        if (type_, id_) in self._current:
            return self._current[type_, id_]
        return await self.engine.store.read(type_, id_, self.engine.everything)

    async def required(self, type_: str, id_: str) -> Resource:
        """As `read`, but 404 where it is not known."""
        found = await self.read(type_, id_)
        if found is None:
            raise not_found(type_, id_)
        return found

    async def search(self, query: str) -> Sequence[Resource]:
        """The live resources of an own type that match ("Slot?schedule=Schedule/1&status=free"), as stored.

        All of them, oldest first; raises FhirError 400 too-costly beyond the engine's limit. Not guarded: what a
        decision rests on is to be read, or found by a rule.
        """
        return await self.engine.search_all(query, self.caller.access)

    async def elsewhere(self, reference: str) -> Resource | None:
        """A resource that another service owns, by gRPC; advisory. Never inside a handler."""
        if reference in self.overlay:
            return self.overlay[reference]
        assert self.event is None, "a handler asks no neighbour"
        return await self.engine.neighbours.read(reference, self.caller)

    # Changing

    def create(self, content: JsonObject, *, entry: int = NO_ENTRY) -> Resource:
        """Plan a new resource; without an id it gets a UUIDv7."""
        after = self._resource(with_id(content, content.get("id") or identity.new_id()))
        self.add(Planned(None, after, "POST", entry))
        return after

    async def put(
        self, content: JsonObject, *, if_version: int | None = None, entry: int = NO_ENTRY
    ) -> Resource:
        """Plan the next version of the resource that `content` names, or its first one.

        An unchanged content plans nothing and answers the stored version. Raises 412 if `if_version` is not current.
        """
        after = self._resource(content)
        current = await self.current(after.type, after.id)
        self._check_version(after, current, if_version)
        if current is not None and current.same_content(after):
            self.guards.setdefault(current.reference, current.version)
            self.unchanged.append(current)
            return current
        self.add(Planned(current, after, "PUT", entry))
        return after

    async def delete(
        self, type_: str, id_: str, *, if_version: int | None = None, entry: int = NO_ENTRY
    ) -> Resource | None:
        """Plan a deletion; answers what will be deleted, None if there is nothing to delete."""
        current = await self.current(type_, id_)
        self._check_version(Resource(type_, id_), current, if_version)
        if current is None or current.deleted:
            return None
        self.add(Planned(current, None, "DELETE", entry))
        return current

    def emit(self, message: Message, about: Resource) -> None:
        """An event of a handler or operation, known if and only if this work is committed."""
        self.emitted.append((message, about))

    def keep(self, table: str, id_: str, rows: Iterable[Row]) -> None:
        """Side rows of a handler or rule, in place of those its `table` (declared by `heard`) has under `id_`."""
        self.kept.setdefault(table, {})[id_] = list(rows)

    def count(self, counter: Counter) -> None:
        """Rely on a counter (`expected`), count it up (`bump`), or both."""
        known = self.counters.get(counter.key)
        if known is not None:
            expected = known.expected if counter.expected is None else counter.expected
            counter = Counter(counter.key, expected, known.bump or counter.bump)
        self.counters[counter.key] = counter

    def derived_id(self) -> str:
        """The id for what this handler makes next: the same whenever the event is handled again."""
        assert self.event is not None, "only a handler derives ids"
        self._made += 1
        handlers = (row.handler for row in self.inbox)
        return identity.derived_id(self.event.id, self.engine.service.name, *handlers, str(self._made))

    # Planning

    async def plan(self) -> WriteSet:
        """Validate, check access, run the rules to a fixed point; raises FhirError, stores nothing."""
        self.validate(self.planned.values())
        self._check_access(self.planned.values())
        self.emitted += await self._judging.to_a_fixed_point()
        said = aliases_of(message for message, _ in self.emitted)
        refuse_outside(said, self.engine.store.aliases.widened(self.caller.access))
        self.aliases += said
        return assemble(self)

    def committed(self, write_set: WriteSet, applied: Applied) -> None:
        """Tell the planned resources the version and time that the commit gave them."""
        self.write_set = write_set
        for row, moment in zip(write_set.rows, applied.last_updated, strict=True):
            planned = self.planned[f"{row.type}/{row.id}"]
            after = planned.after
            if after is not None:
                after.version = row.expected + 1
                after.last_updated = moment
                for form in planned.earlier:
                    form.become(after)

    def relied_on(self) -> list[Guard]:
        """Guards on what was read and is not written."""
        names = ((reference.split("/", 1), version) for reference, version in self.guards.items())
        return [
            Guard(type_, id_, version)
            for (type_, id_), version in names
            if f"{type_}/{id_}" not in self.planned
        ]

    def add(self, planned: Planned) -> None:
        """Plan one more write; 422 if this work writes the same resource already."""
        if planned.reference in self.planned:
            issue = Issue("duplicate", f"One request writes the same {planned.subject.type} twice.")
            raise FhirError(422, [issue])
        self.planned[planned.reference] = planned

    def validate(self, planned: Iterable[Planned]) -> None:
        """Refuse with 400 what the definitions do not allow, located at its bundle entry."""
        issues: list[Issue] = []
        for write in planned:
            if write.after is not None:
                faults = self.engine.validate(write.after.content)
                issues += (
                    [fault.at(f"Bundle.entry[{write.entry}]") for fault in faults]
                    if write.entry >= 0
                    else faults
                )
        if any(issue.severity in ("error", "fatal") for issue in issues):
            raise FhirError(400, issues)

    def _check_access(self, planned: Iterable[Planned]) -> None:
        access = self.engine.store.aliases.widened(self.caller.access)
        if access.unrestricted:
            return
        for write in planned:
            if write.after is not None and not access.allows(
                write.after.type, self.engine.patients(write.after)
            ):
                raise FhirError(
                    403, [Issue("forbidden", f"This {write.after.type} would be outside your access.")]
                )

    def _resource(self, content: JsonObject) -> Resource:
        """What a caller wants stored, its references to this server relative, so that rules know them again."""
        resource = Resource.of(content)
        if not isinstance(content.get("meta", {}), dict):  # validation will say so; it has no text
            return resource
        base = self.engine.base_url
        return Resource.of(relative(resource.content, base)) if mentioned(resource.text, base) else resource

    def _check_version(self, wanted: Resource, current: Resource | None, if_version: int | None) -> None:
        if if_version is None:
            return
        if current is None or current.version != if_version or current.deleted:
            raise version_mismatch(wanted.type, wanted.id)


def existing(resource: Resource | None, type_: str, id_: str) -> Resource:
    """The live resource, or the error its absence deserves: 404 for never there or hidden, 410 for deleted."""
    if resource is None:
        raise not_found(type_, id_)
    if resource.deleted:
        raise gone(type_, id_)
    return resource
