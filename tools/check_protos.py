"""Whether the protos still say all that the last release said: run by `make lint`; with --release, say it anew.

What is once released stays, under the same number, name and type, since older programs and kept events know it so; a
field may go if its number and name are reserved. https://protobuf.dev/programming-guides/proto3/#updating
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "proto"
RELEASED = SOURCE / "released.txt"


def described(source: Path = SOURCE) -> FileDescriptorSet:
    """All protos of a folder as the compiler understands them, comments included; exits where they don't compile."""
    well_known = resources.files("grpc_tools") / "_proto"
    protos = sorted(map(str, source.rglob("*.proto")))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "descriptors"
        arguments = ["protoc", f"-I{source}", f"-I{well_known}", f"--descriptor_set_out={out}"]
        if protoc.main([*arguments, "--include_source_info", *protos]) != 0:
            sys.exit("the protos do not compile")
        return FileDescriptorSet.FromString(out.read_bytes())


def surface(protos: FileDescriptorSet) -> list[str]:
    """What others rely on, a line each: messages, fields, values of enums, methods."""
    lines: set[str] = set()
    for file in protos.file:
        for message in file.message_type:
            lines.update(_of_message(f"{file.package}.{message.name}", message))
        for enum in file.enum_type:
            lines.update(_of_enum(f"{file.package}.{enum.name}", enum))
        for service in file.service:
            lines.update(_of_service(f"{file.package}.{service.name}", service))
    return sorted(lines)


def reserved(protos: FileDescriptorSet) -> Iterator[str]:
    """The beginnings of the lines that may be gone: fields whose number and name are reserved."""
    for file in protos.file:
        for message in file.message_type:
            for span in message.reserved_range:
                for number in range(span.start, span.end):
                    for name in message.reserved_name:
                        yield f"field {file.package}.{message.name} {number} {name} "


def broken(released: list[str], protos: FileDescriptorSet) -> list[str]:
    """The released lines that no longer hold."""
    lost = sorted(set(released) - set(surface(protos)))
    may_go = tuple(reserved(protos))
    return [line for line in lost if not (may_go and line.startswith(may_go))]


def _of_message(name: str, message: DescriptorProto) -> Iterator[str]:
    yield f"message {name}"
    for field in message.field:
        yield f"field {name} {field.number} {field.name} {_type(field)}"
    for nested in message.nested_type:
        yield from _of_message(f"{name}.{nested.name}", nested)
    for enum in message.enum_type:
        yield from _of_enum(f"{name}.{enum.name}", enum)


def _of_enum(name: str, enum: EnumDescriptorProto) -> Iterator[str]:
    for value in enum.value:
        yield f"value {name} {value.number} {value.name}"


def _of_service(name: str, service: ServiceDescriptorProto) -> Iterator[str]:
    for method in service.method:
        asked = "stream " * method.client_streaming + method.input_type
        answered = "stream " * method.server_streaming + method.output_type
        yield f"method {name}.{method.name} {asked} -> {answered}"


def _type(field: FieldDescriptorProto) -> str:
    kind = field.type_name or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    return "repeated " * (field.label == FieldDescriptorProto.LABEL_REPEATED) + kind


def main() -> None:
    """Compare, or write what is released from now on."""
    protos = described()
    if sys.argv[1:] == ["--release"]:
        RELEASED.write_text("".join(f"{line}\n" for line in surface(protos)))
        return
    lost = broken(RELEASED.read_text().splitlines(), protos)
    for line in lost:
        print(f"proto: no longer as released: {line}", file=sys.stderr)
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
