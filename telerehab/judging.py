"""Judging: a service's rules over all that a unit of work plans, until no rule adds to it.

What a rule writes further is planned and judged in its turn; what it rewrites is judged anew, and what rules have
announced of its earlier form is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from telerehab import identity
from telerehab.change import Change, Emit, Keep, Refuse, Rule, Write
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.finding import Finder
from telerehab.planning import NO_ENTRY, Planned
from telerehab.resource import Resource, with_id

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork

MAX_ROUNDS = 8


class Judging:
    """Runs the rules for one unit of work, and plans with it what they write."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._finder = Finder(work)
        self._judged: set[str] = set()
        self._announced: list[tuple[Message, Resource]] = []

    async def to_a_fixed_point(self) -> list[tuple[Message, Resource]]:
        """Judge all that is planned; answers the events that the rules emit, each with what it is about.

        Raises FhirError if a rule refuses.
        """
        for _ in range(MAX_ROUNDS):
            pending = [
                planned for reference, planned in self._work.planned.items() if reference not in self._judged
            ]
            if not pending:
                return self._announced
            for planned in pending:
                self._judged.add(planned.reference)
                await self._judge(planned)
        raise RuntimeError(f"rules of {self._work.engine.service.name} reach no fixed point")

    async def _judge(self, planned: Planned) -> None:
        rules = self._work.engine.service.rules_for(planned.subject.type)
        if not rules:
            return
        change = Change(
            planned.before,
            planned.after,
            self._work.now,
            others=_Others(self._work, planned),
            version=planned.expected + 1,
            heard=self._work.event is not None,
            operated=self._work.operated,
        )
        for rule in rules:
            await self._ask(rule, change, planned)
            if planned.after is not change.after:  # rewritten: all rules will be asked about the new form
                self._forget(change.subject)
                return

    async def _ask(self, rule: Rule, change: Change, planned: Planned) -> None:
        if not rule.concerns(change):
            return
        if rule.find:
            change = replace(change, found=await self._finder.find(rule, change))
        refusals: list[Refuse] = []
        for verdict in rule.judge(change):
            if isinstance(verdict, Refuse):
                refusals.append(verdict)
            elif isinstance(verdict, Emit):
                self._announced.append((verdict.message, change.subject))
            elif isinstance(verdict, Keep):
                self._work.keep(verdict.table, verdict.id, map(dict, verdict.rows))
            else:
                await self._write_further(verdict)
        if refusals:
            issues = [Issue(refusal.code, refusal.diagnostics, refusal.expression) for refusal in refusals]
            raise located(FhirError(refusals[0].status, issues), planned)

    async def _write_further(self, verdict: Write) -> None:
        work = self._work
        after = Resource.of(with_id(verdict.content, verdict.content.get("id") or identity.new_id()))
        known = work.planned.get(after.reference)
        if known is not None:
            self._rewrite(known, after)
            return
        current = await work.replaced(after.type, after.id)
        if current is not None and current.same_content(after):
            work.guards.setdefault(current.reference, current.version)
            return
        planned = Planned(current, after, "PUT" if current else "POST", NO_ENTRY)
        work.validate([planned])
        work.add(planned)

    def _rewrite(self, known: Planned, after: Resource) -> None:
        """What this work writes already, as a rule that has seen it wants it; judged again, its events anew."""
        if known.after is None:
            needed = f"This request deletes {after.reference}, which something else in it has to write."
            raise located(FhirError(422, [Issue("conflict", needed)]), known)
        if known.after.same_content(after):
            return
        self._forget(known.after)
        known.earlier.append(known.after)
        known.after = after
        self._work.validate([known])
        self._judged.discard(after.reference)

    def _forget(self, form: Resource) -> None:
        """Events about a form that will not be written were not said."""
        self._announced = [(message, about) for message, about in self._announced if about is not form]


class _Others:
    """The other changes of a work, and what other owners write in the same bundle; made when a rule looks at them.

    Few rules do, and for each of many entries to be told of all others would take the square of their number.
    """

    __slots__ = ("_planned", "_work")

    def __init__(self, work: UnitOfWork, planned: Planned) -> None:
        self._work = work
        self._planned = planned

    def __iter__(self) -> Iterator[Change]:
        work = self._work
        for other in list(work.planned.values()):
            if other is not self._planned:
                yield Change(other.before, other.after, work.now)
        for resource in work.overlay.values():
            if resource is not None:
                yield Change(None, resource, work.now)


def located(error: FhirError, planned: Planned) -> FhirError:
    """The error at the bundle entry that the write came from, if it came from one."""
    return error.at(f"Bundle.entry[{planned.entry}]") if planned.entry >= 0 else error
