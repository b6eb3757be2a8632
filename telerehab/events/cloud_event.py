"""A CloudEvent in binary mode: its attributes as `ce_` headers, the protobuf as payload.

https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md
https://github.com/cloudevents/spec/tree/main/cloudevents/extensions (partitionkey, traceparent)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import DecodeError

from telerehab.event import Event
from telerehab.events.brokers.broker import Record
from telerehab.events.catalogue import message_class


class Unreadable(Exception):
    """A record that is no event of ours: an attribute is missing, or the payload is not what its type says."""


def record_of(row: Mapping[str, Any], service: str) -> Record:
    """The record of an outbox row (columns as in `OutboxRow`, and `time`) that `service` says."""
    headers = {
        "content-type": "application/protobuf",
        "ce_specversion": "1.0",
        "ce_id": str(row["event_id"]),
        "ce_source": f"urn:telerehab:{service}",
        "ce_type": row["type"],
        "ce_subject": row["subject"],
        "ce_time": row["time"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_partitionkey": row["key"].hex(),
        "ce_traceparent": row["traceparent"],
        "ce_cause": row["cause"],
        "ce_depth": str(row["depth"]),
    }
    kept = {name: value for name, value in headers.items() if value}
    return Record(str(row["event_id"]), row["topic"], row["key"], kept, row["payload"])


def type_of(record: Record) -> str:
    """The full name of the event's message; "" if the record does not say."""
    return record.headers.get("ce_type", "")


def event_of(record: Record) -> Event[Any]:
    """The event that a record holds, fields unknown to us included; raises `Unreadable`."""
    headers = record.headers
    class_ = message_class(type_of(record))
    if class_ is None:
        raise Unreadable("unknown type")
    try:
        return Event(
            id=record.id,
            key=record.key,
            subject=headers["ce_subject"],
            time=datetime.fromisoformat(headers["ce_time"]),
            message=class_.FromString(record.payload),
            traceparent=headers.get("ce_traceparent", ""),
            depth=int(headers.get("ce_depth", "0")),
        )
    except (KeyError, ValueError, DecodeError) as error:
        raise Unreadable(type(error).__name__) from None
