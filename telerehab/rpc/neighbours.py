"""The other services of this deployment, by name and by the FHIR types they own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from grpc.aio import Channel

from telerehab.access import Caller
from telerehab.fhir.search.query import Include
from telerehab.owners import owner_of
from telerehab.pb.telerehab.fhir.v1.engine_pb2_grpc import EngineServiceServicer
from telerehab.resource import Resource
from telerehab.rpc.channel import open_channel
from telerehab.rpc.credentials import Certificates
from telerehab.rpc.deadlines import PATIENCE, Patience
from telerehab.rpc.owner import Direct, Owner, Remote


class Neighbours:
    """Reaches every owner: directly those that were `seat`ed in this process, the others at `addresses` (host:port).

    One object serves all services of a process; close it when they have stopped. `patience` says how long they wait
    for answers.
    """

    def __init__(
        self,
        addresses: Mapping[str, str],
        patience: Patience = PATIENCE,
        certificates: Certificates | None = None,
    ) -> None:
        self._patience = patience
        self._channels: dict[str, Channel] = {
            name: open_channel(address, certificates) for name, address in addresses.items()
        }
        self._owners = {
            name: Owner(name, Remote(name, channel), patience) for name, channel in self._channels.items()
        }

    def seat(self, name: str, servicer: EngineServiceServicer) -> None:
        """From now on reach `name` directly: its engine is in this process."""
        self._owners[name] = Owner(name, Direct(servicer), self._patience)

    def owner(self, name: str) -> Owner:
        """The service `name`; KeyError if the deployment has none."""
        return self._owners[name]

    def owner_of(self, type_: str) -> Owner:
        """The service that owns a FHIR type."""
        return self._owners[owner_of(type_)]

    async def read(self, reference: str, caller: Caller) -> Resource | None:
        """A live resource of another owner, or None; FhirError 503 if the owner does not answer."""
        found = await self.owner_of(reference.partition("/")[0]).read([reference], caller)
        return found[0] if found else None

    async def include(
        self,
        owner: str,
        references: Sequence[tuple[str, str]],
        referred: Sequence[tuple[str, str]],
        revincludes: Sequence[Include],
        caller: Caller,
        *,
        limit: int,
    ) -> list[Resource]:
        """What a page wants of `owner`: `references`, and what refers to `referred`; FhirError 503 without answer."""
        return await self._owners[owner].include(references, referred, revincludes, caller, limit=limit)

    async def ids(
        self, owner: str, query: str, caller: Caller, parameters: Sequence[int] = (), target: str = ""
    ) -> list[str]:
        """The ids that a search finds at `owner`, or those of the `target`s that this refers to by `parameters`."""
        return await self._owners[owner].ids(query, caller, parameters, target)

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
