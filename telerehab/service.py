"""A service, put together explicitly from its rules, projections, operations, handlers and periodic work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telerehab.aliases import EVERY_SERVICE_HEARS
from telerehab.change import Rule
from telerehab.content import Content
from telerehab.event import Handler
from telerehab.lifecycle import Lifecycle
from telerehab.operation import Operation
from telerehab.owners import types_of
from telerehab.periodic import Periodic
from telerehab.projection import Projection

if TYPE_CHECKING:
    from telerehab.engine import Engine


@dataclass(frozen=True)
class Service:
    """What one service does; its `name` is also its database schema.

    `servicer` makes the service's own gRPC servicer: a callable from engine to (service descriptor name, servicer,
    registration function); `migrations` is a folder of numbered SQL files for its projections. `content` makes the
    definitions that it brings along.
    """

    name: str
    lifecycles: Sequence[Lifecycle] = ()
    rules: Sequence[Rule] = ()
    projections: Sequence[Projection] = ()
    operations: Sequence[Operation] = ()
    handlers: Sequence[Handler] = ()
    periodic: Sequence[Periodic] = ()
    servicer: Callable[[Engine], Any] | None = None
    migrations: Path | None = None
    content: Sequence[Content] = ()

    @cached_property
    def types(self) -> frozenset[str]:
        return types_of(self.name)

    @cached_property
    def rules_by_type(self) -> Mapping[str, tuple[Rule, ...]]:
        """Every rule over a type, lifecycles first; "*" rules hold for all types."""
        rules = [*(lifecycle.as_rule() for lifecycle in self.lifecycles), *self.rules]
        everywhere = [rule for rule in rules if "*" in rule.types]
        types = {type_ for rule in rules for type_ in rule.types} - {"*"}
        by_type = {
            type_: tuple(rule for rule in rules if type_ in rule.types or "*" in rule.types)
            for type_ in types
        }
        return {"*": tuple(everywhere), **by_type}

    def rules_for(self, type_: str) -> tuple[Rule, ...]:
        return self.rules_by_type.get(type_, self.rules_by_type["*"])

    @cached_property
    def projections_by_type(self) -> Mapping[str, tuple[Projection, ...]]:
        types = {projection.type for projection in self.projections}
        return {
            type_: tuple(projection for projection in self.projections if projection.type == type_)
            for type_ in types
        }

    def projections_for(self, type_: str) -> tuple[Projection, ...]:
        return self.projections_by_type.get(type_, ())

    @cached_property
    def hears(self) -> tuple[Handler, ...]:
        """Its own handlers and those that every service has."""
        return (*self.handlers, *EVERY_SERVICE_HEARS)

    def handlers_of(self, event_type: str) -> list[Handler]:
        return [handler for handler in self.hears if handler.event_type == event_type]
