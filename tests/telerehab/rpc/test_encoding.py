"""Write sets, callers and resources cross the wire without loss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from telerehab.access import EVERYTHING, Access, Caller
from telerehab.change import Refuse
from telerehab.fhir.search.rows import (
    BEGINNING,
    END_OF_TIME,
    INFINITY,
    DateRow,
    IndexRows,
    NumberRow,
    ReferenceRow,
    StringRow,
)
from telerehab.pb.telerehab.fhir.v1 import resource_pb2, write_set_pb2
from telerehab.resource import Resource
from telerehab.rpc.encoding import decode_caller, decode_resource, encode_caller, encode_resource
from telerehab.rpc.write_set_encoding import decode_write_set, encode_write_set
from telerehab.write_set import (
    AliasWrite,
    AuditRow,
    Command,
    Counter,
    Guard,
    InboxRow,
    OutboxRow,
    RowWrite,
    WriteSet,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
hashes = st.integers(-(2**63), 2**63 - 1)
moments = st.datetimes(timezones=st.just(UTC)) | st.sampled_from([BEGINNING, END_OF_TIME])
decimals = st.decimals(allow_nan=False) | st.sampled_from([INFINITY, -INFINITY])
versions = st.integers(0, 2**31 - 2)
json_rows = st.dictionaries(text, st.none() | st.booleans() | text | st.integers(-(2**53), 2**53), max_size=3)

index_rows = st.builds(
    IndexRows,
    text,
    text,
    tokens=st.lists(hashes, max_size=3),
    dates=st.lists(st.builds(DateRow, hashes, moments, moments), max_size=2),
    strings=st.lists(st.builds(StringRow, hashes, text, text), max_size=2),
    numbers=st.lists(st.builds(NumberRow, hashes, decimals, decimals, text, text, text), max_size=2),
    references=st.lists(st.builds(ReferenceRow, hashes, text, text), max_size=2),
    patients=st.lists(text, max_size=2),
)
row_writes = st.builds(
    RowWrite,
    st.integers(-1, 1000),
    text,
    text,
    versions,
    text,
    st.none() | text,
    versions,
    index_rows,
    st.binary(max_size=16),
)
write_sets = st.builds(
    WriteSet,
    text,
    rows=st.lists(row_writes, max_size=2),
    guards=st.lists(st.builds(Guard, text, text, versions), max_size=2),
    counters=st.lists(
        st.builds(Counter, hashes, st.none() | st.integers(0, 2**62), st.booleans()), max_size=2
    ),
    side_rows=st.dictionaries(
        text, st.tuples(st.lists(text, max_size=2), st.lists(json_rows, max_size=2)), max_size=2
    ),
    outbox=st.lists(
        st.builds(
            OutboxRow,
            text,
            text,
            st.binary(max_size=16),
            text,
            text,
            st.binary(max_size=20),
            text,
            text,
            versions,
        ),
        max_size=2,
    ),
    inbox=st.lists(st.builds(InboxRow, text, text), max_size=2),
    aliases=st.lists(st.builds(AliasWrite, text, text, versions, st.booleans()), max_size=2),
    audit=st.lists(
        st.builds(
            AuditRow, text, text, text, text, text, text, versions, st.lists(text, max_size=2), versions, text
        ),
        max_size=2,
    ),
    violations=st.dictionaries(text, st.builds(Refuse, text, st.none() | text, text, versions), max_size=2),
    command=st.none() | st.builds(Command, st.binary(), st.binary(), st.binary()),
)


@settings(max_examples=60, deadline=None)
@given(write_sets)
def test_write_sets_survive(write_set: WriteSet) -> None:
    wire = encode_write_set(write_set).SerializeToString()
    assert decode_write_set(write_set_pb2.WriteSet.FromString(wire)) == write_set


def test_a_decimal_keeps_its_digits() -> None:
    row = NumberRow(1, Decimal("72.50"), Decimal("72.50"))
    write_set = WriteSet(
        "s", rows=[RowWrite(0, "T", "1", 0, "POST", "{}", 1, IndexRows("T", "1", numbers=[row]), b"")]
    )
    (decoded,) = decode_write_set(encode_write_set(write_set)).rows
    assert str(decoded.index.numbers[0].lo) == "72.50"


def test_a_field_without_an_encoding_would_be_noticed() -> None:
    assert set(WriteSet.__dataclass_fields__) == {
        field.name for field in write_set_pb2.WriteSet.DESCRIPTOR.fields
    }


accesses = st.just(EVERYTHING) | st.builds(Access, st.frozensets(text), st.frozensets(text))


@given(st.builds(Caller, text, text, text, accesses))
def test_callers_survive(caller: Caller) -> None:
    wire = encode_caller(caller).SerializeToString()
    assert decode_caller(resource_pb2.Caller.FromString(wire)) == caller


def test_a_caller_without_access_may_see_nothing() -> None:
    access = decode_caller(resource_pb2.Caller(name="x")).access
    assert not access.unrestricted
    assert not access.allows("Patient", ["1"])


def test_resources_survive() -> None:
    stored = Resource.of({"resourceType": "Patient", "id": "1", "multipleBirthInteger": 2, "active": True})
    stored.version, stored.last_updated = 3, datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    stored.patients = []
    deleted = Resource(
        "Patient", "1", version=4, last_updated=stored.last_updated + timedelta(1), deleted=True
    )
    for resource in (stored, deleted):
        wire = encode_resource(resource).SerializeToString()
        decoded = decode_resource(resource_pb2.Resource.FromString(wire))
        for name in ("type", "id", "version", "last_updated", "deleted", "patients"):
            assert getattr(decoded, name) == getattr(resource, name)
        if not resource.deleted:
            assert decoded.wire() == resource.wire()
