"""Second step: every owner plans its entries, with the whole bundle as overlay; nothing is stored yet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.gateway.transaction.resolve import Placed
from telerehab.access import Caller
from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.resource import Resource
from telerehab.rpc.encoding import decode_resource, encode_caller, encode_resource
from telerehab.rpc.neighbours import Neighbours
from telerehab.rpc.write_set_encoding import decode_write_set
from telerehab.server.conditions import if_match, only_if_absent
from telerehab.write_set import WriteSet


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an entry comes to: its HTTP status, and the resource if it is already as wanted."""

    status: int
    unchanged: Resource | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to commit, in the order of the schemas' names, and what each entry then comes to."""

    write_sets: Sequence[WriteSet]
    outcomes: Mapping[int, Outcome]


async def plan(
    neighbours: Neighbours,
    caller: Caller,
    base_url: str,
    shares: Mapping[str, Sequence[Placed]],
    relied: Mapping[str, Sequence[pb.Reliance]],
) -> Plan | None:
    """The owners' plans; None if what was resolved no longer holds. Raises FhirError with the issues of all owners."""
    owners = sorted({*shares, *relied})
    overlays = {
        name: [_overlay(placed) for placed in share if placed.write.method != "PATCH"]
        for name, share in shares.items()
    }
    asked = (
        neighbours.owner(name).plan(
            pb.PlanRequest(
                caller=encode_caller(caller),
                base_url=base_url,
                entries=[_entry(placed) for placed in shares.get(name, ())],
                overlay=[each for other, listed in overlays.items() if other != name for each in listed],
                relied=relied.get(name, ()),
            )
        )
        for name in owners
    )
    answers = await asyncio.gather(*asked, return_exceptions=True)
    _raise_refusals([answer for answer in answers if isinstance(answer, BaseException)])
    planned = [answer for answer in answers if not isinstance(answer, BaseException)]
    if any(answer.stale for answer in planned):
        return None
    return Plan(
        [decode_write_set(answer.write_set) for answer in planned],
        {
            entry.index: Outcome(
                entry.status, decode_resource(entry.unchanged) if entry.HasField("unchanged") else None
            )
            for answer in planned
            for entry in answer.entries
        },
    )


def _raise_refusals(errors: Sequence[BaseException]) -> None:
    refusals = [error for error in errors if isinstance(error, FhirError)]
    for error in errors:
        if not isinstance(error, FhirError):
            raise error
    if refusals:
        worst = max(refusals, key=lambda error: error.status)
        raise FhirError(worst.status, [issue for error in refusals for issue in error.issues], worst.headers)


def _overlay(placed: Placed) -> pb.OverlayEntry:
    """What the other owners see of a write; of a patch they see what is stored, for its owner alone applies it."""
    resource = None if placed.content is None else encode_resource(Resource.of(placed.content))
    return pb.OverlayEntry(reference=placed.reference, resource=resource)


def _entry(placed: Placed) -> pb.PlanEntry:
    write = placed.write
    headers = write.entry.headers
    try:
        return pb.PlanEntry(
            index=write.entry.index,
            method=write.method,
            type=placed.type,
            id=placed.id,
            content=_text(placed),
            if_version=if_match(headers.get("if-match")),
            if_absent=only_if_absent(headers.get("if-none-match")),
            criteria=write.criteria,
        )
    except FhirError as error:
        raise error.at(write.entry.where) from None


def _text(placed: Placed) -> str:
    return "" if placed.content is None else json.dump(placed.content).decode()
