"""Print docs/events.md, the catalogue of events, from the protos and the handlers: run by `make docs`.

https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from check_protos import described
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from telerehab.events.brokers.kafka.topics import TOPICS
from telerehab.events.catalogue import is_safety, message_class, producers, topics_of
from telerehab.running.assembly import services

INTRODUCTION = """\
# Events

Generated from the protos and the handlers by `make docs`. Each event is a
[CloudEvent](https://cloudevents.io/) in binary mode: the attributes `ce_id`, `ce_type`, `ce_source`, `ce_subject`
("Type/id" of the resource it is about), `ce_time`, `ce_partitionkey`, `ce_traceparent`, `ce_cause` (the event that
brought it about) and `ce_depth` are headers, the message in protobuf is the value. The record's key is a hash that
stands for the patient, or for the resource where there is none: events of a key come in the order of their commits. No
key and no header names a patient.

An event is delivered at least once and takes effect once: whoever hears events keeps the `ce_id`s it has handled.
Fields may be added; what was released stays under its number, name and type (`proto/released.txt`, checked by
`make lint`). A new value of an existing field is first understood by every reader, and said one release later. Unknown
fields are kept, events of unknown types are passed over.

`ResourceChanged` is the public change feed: one for each version of each resource, in the order of the versions.
"""


def catalogue() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_topics(), *(line for file in _files() for line in _events(file))])


def _topics() -> Iterator[str]:
    yield "## Topics\n"
    yield "| topic | partitions | configuration |\n|---|---|---|"
    for topic in TOPICS:
        told = ", ".join(f"{name}={value}" for name, value in topic.configuration.items())
        yield f"| `{topic.name}` | {topic.partitions} | {told} |"
    yield ""


def _files() -> list[FileDescriptorProto]:
    return [file for file in described().file if file.package.startswith("telerehab.events.")]


def _events(file: FileDescriptorProto) -> Iterator[str]:
    comments = {
        tuple(location.path): " ".join(location.leading_comments.split())
        for location in file.source_code_info.location
    }
    parts = {field.type_name.removeprefix(".") for message in file.message_type for field in message.field}
    for place, message in enumerate(file.message_type):
        name = f"{file.package}.{message.name}"
        yield f"## {message.name}\n"
        yield f"{comments[4, place]}\n"
        if name not in parts:
            yield f"- type: `{name}`"
            yield f"- topic: {', '.join(f'`{topic}`' for topic in sorted(topics_of(name)))}" + (
                " (nothing holds it up)" if is_safety(name) else ""
            )
            yield f"- said by: {', '.join(producers(name))}"
            yield f"- heard by: {', '.join(_handlers(name)) or 'nobody in this platform'}\n"
        yield "| field | number | type | meaning |\n|---|---|---|---|"
        for number, field in enumerate(message.field):
            meaning = comments[4, place, 2, number].replace("|", "\\|")
            kind = _kind(name, field.name)
            yield f"| `{field.name}` | {field.number} | {kind} | {meaning} |"
        yield f"\n```json\n{json.dumps(_example(name), indent=2)}\n```\n"


def _handlers(name: str) -> list[str]:
    heard = [
        f"{service.name} (`{handler.name}`)"
        for service in services().values()
        for handler in service.handlers_of(name)
    ]
    return sorted(heard)


def _kind(message: str, field: str) -> str:
    class_ = _class(message)
    descriptor = class_.DESCRIPTOR.fields_by_name[field]
    kind = descriptor.message_type.name if descriptor.message_type else _SCALARS[descriptor.type]
    return f"repeated {kind}" if descriptor.is_repeated else kind


def _example(name: str) -> Mapping[str, object]:
    message = _class(name)()
    for field in message.DESCRIPTOR.fields:
        _fill(message, field)
    return MessageToDict(message, preserving_proto_field_name=True)


def _fill(message: Message, field: Any) -> None:
    if field.is_repeated:
        if field.message_type is None:
            getattr(message, field.name).append(_sample(field))
        else:
            _fill_all(getattr(message, field.name).add())
    elif field.message_type is None:
        setattr(message, field.name, _sample(field))
    elif field.message_type.full_name == "google.protobuf.Timestamp":
        getattr(message, field.name).FromJsonString("2026-03-02T09:30:00Z")
    else:
        _fill_all(getattr(message, field.name))


def _fill_all(message: Message) -> None:
    for field in message.DESCRIPTOR.fields:
        _fill(message, field)


def _sample(field: Any) -> object:
    if field.type == FieldDescriptor.TYPE_STRING:
        return "01936f0e-7c1a-7b52-9d1f-6f1c2a9e4b10" if field.name.endswith("_id") else field.name
    return field.type == FieldDescriptor.TYPE_BOOL or 1


def _class(name: str) -> type[Message]:
    class_ = message_class(name)
    assert class_ is not None, name
    return class_


_SCALARS = {
    getattr(FieldDescriptor, name): name.removeprefix("TYPE_").lower()
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_") and isinstance(getattr(FieldDescriptor, name), int)
}


if __name__ == "__main__":
    sys.stdout.write(catalogue())
