"""A lifecycle: which states a resource of ours may go through, as one table that is also its documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from telerehab.change import Change, Refuse, Rule, Verdict
from telerehab.fhir.json import JsonObject

NOT_THERE = None
KEEPS_ITS_PROFILE = "What the platform follows keeps its meta.profile: send it along when you update this"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Allowed transitions of `element` ("status") for resources of `type` for which `ours` holds.

    `transitions` maps a from-state to its to-states; `NOT_THERE` is the from-state of a creation. A state may
    always stay as it is. Resources that are not ours are records and may have any state; what is ours stays ours.
    """

    type: str
    ours: Callable[[JsonObject], bool]
    transitions: Mapping[str | None, frozenset[str]]
    element: str = "status"

    def allows(self, before: str | None, after: str) -> bool:
        return before == after or after in self.transitions.get(before, frozenset())

    def as_rule(self) -> Rule:
        """The rule that refuses what the table does not allow."""

        def follows_its_lifecycle(change: Change) -> Iterator[Verdict]:
            was_ours = change.before is not None and self.ours(change.before.content)
            if change.after is None or not (was_ours or self.ours(change.after.content)):
                return
            if not self.ours(change.after.content):
                yield Refuse(f"{KEEPS_ITS_PROFILE} {self.type}.", f"{self.type}.meta.profile")
                return
            before = change.before.content.get(self.element) if change.before and was_ours else NOT_THERE
            after = change.after.content.get(self.element)
            if after is not None and not self.allows(before, after):
                allowed = ", ".join(sorted(self.transitions.get(before, ()))) or "nothing"
                yield Refuse(
                    f"{self.type}.{self.element} cannot go from {before or 'not there'} to {after};"
                    f" from there it may become: {allowed}.",
                    f"{self.type}.{self.element}",
                )

        return Rule(f"{self.type.lower()}_follows_its_lifecycle", (self.type,), follows_its_lifecycle)
