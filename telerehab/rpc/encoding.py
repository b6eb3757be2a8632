"""Callers and resources as messages of telerehab.fhir.v1, both ways and without loss.

https://protobuf.dev/reference/python/python-generated/
"""

from __future__ import annotations

from datetime import UTC

from telerehab.access import EVERYTHING, Access, Caller
from telerehab.fhir.search.query import Include
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as engine_pb
from telerehab.pb.telerehab.fhir.v1 import resource_pb2 as pb
from telerehab.resource import Resource


def encode_caller(caller: Caller) -> pb.Caller:
    return pb.Caller(
        name=caller.name,
        request_id=caller.request_id,
        address=caller.address,
        access=encode_access(caller.access),
    )


def decode_caller(message: pb.Caller) -> Caller:
    return Caller(message.name, message.request_id, message.address, decode_access(message.access))


def encode_access(access: Access) -> pb.Access:
    if access.patients is None:
        return pb.Access(everything=True)
    return pb.Access(patients=sorted(access.patients), shared_types=sorted(access.shared_types))


def decode_access(message: pb.Access) -> Access:
    """What the message allows; an empty one allows nothing."""
    if message.everything:
        return EVERYTHING
    return Access(frozenset(message.patients), frozenset(message.shared_types))


def encode_revinclude(include: Include) -> engine_pb.Revinclude:
    return engine_pb.Revinclude(
        source_type=include.source_type or "",
        parameters=include.parameters,
        target_type=include.target_type or "",
    )


def decode_revinclude(message: engine_pb.Revinclude) -> Include:
    return Include(message.source_type or None, tuple(message.parameters), message.target_type or None)


def encode_resource(resource: Resource) -> pb.Resource:
    message = pb.Resource(
        type=resource.type, id=resource.id, version=resource.version, deleted=resource.deleted
    )
    if not resource.deleted:
        message.text = resource.text
        message.splice = resource.splice
    if resource.last_updated is not None:
        message.last_updated.FromDatetime(resource.last_updated)
    if resource.patients is not None:
        message.compartments.patients.extend(resource.patients)
        message.compartments.SetInParent()
    return message


def decode_resource(message: pb.Resource) -> Resource:
    return Resource(
        message.type,
        message.id,
        text=None if message.deleted else message.text,
        splice=message.splice,
        version=message.version,
        last_updated=message.last_updated.ToDatetime(UTC) if message.HasField("last_updated") else None,
        deleted=message.deleted,
        patients=list(message.compartments.patients) if message.HasField("compartments") else None,
    )
