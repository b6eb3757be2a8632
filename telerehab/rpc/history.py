"""The history of one owner, page by page, as the gateway merges it with that of the others.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from telerehab.access import Caller
from telerehab.pb.telerehab.fhir.v1 import history_pb2 as pb
from telerehab.resource import Resource
from telerehab.rpc.encoding import decode_caller, decode_resource, encode_caller, encode_resource
from telerehab.store.history import Asked, Place, Scope, Version, Versions

if TYPE_CHECKING:
    from telerehab.engine import Engine


async def history_page(
    engine: Engine, request: pb.HistoryRequest
) -> tuple[pb.HistoryResponse, Sequence[Resource]]:
    """The page that is asked for, and what it shows."""
    page = await engine.store.versions(
        _asked(request),
        until=_moment(request, "until"),
        after=_place(request.after) if request.HasField("after") else None,
        count=request.count,
    )
    response = pb.HistoryResponse(
        versions=[
            pb.HistoryVersion(resource=encode_resource(version.resource), method=version.method)
            for version in page.versions
        ],
        more=page.more,
        until=_stamp(page.until),
    )
    return response, [version.resource for version in page.versions]


def history_request(
    caller: Caller, asked: Asked, until: datetime | None, after: Place | None, count: int
) -> pb.HistoryRequest:
    """The question for one page of the history of everything; `asked.scope` is not looked at."""
    from_, before = asked.at or (None, None)
    request = pb.HistoryRequest(
        caller=encode_caller(caller),
        since=_stamp(asked.since),
        until=_stamp(until),
        current_from=_stamp(from_),
        current_before=_stamp(before),
        count=count,
        oldest_first=asked.oldest_first,
    )
    if after is not None:
        request.after.CopyFrom(
            pb.HistoryPlace(last_updated=_stamp(after.last_updated), type=after.type, id=after.id)
        )
    return request


def decode_versions(response: pb.HistoryResponse) -> Versions:
    versions = [Version(decode_resource(each.resource), each.method) for each in response.versions]
    return Versions(versions, response.more, _moment(response, "until"))


def _asked(request: pb.HistoryRequest) -> Asked:
    from_, before = _moment(request, "current_from"), _moment(request, "current_before")
    return Asked(
        Scope(),
        decode_caller(request.caller).access,
        _moment(request, "since"),
        (from_, before) if from_ and before else None,
        request.oldest_first,
    )


def _place(message: pb.HistoryPlace) -> Place:
    return Place(message.last_updated.ToDatetime(UTC), message.type, message.id)


def _moment(message: pb.HistoryRequest | pb.HistoryResponse, field: str) -> datetime | None:
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    return stamp.ToDatetime(UTC)


def _stamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
