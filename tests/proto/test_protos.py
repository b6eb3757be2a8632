"""The protos: explained, versioned, and in step with the generated code.

https://protobuf.dev/programming-guides/style/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import check_protos
import event_catalogue
import generate_protos
import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def described() -> FileDescriptorSet:
    return check_protos.described()


def declarations(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """The source path and name of everything a proto declares."""
    for number, message in enumerate(file.message_type):
        yield from of_message((4, number), message)
    for number, enum in enumerate(file.enum_type):
        yield from of_enum((5, number), enum)
    for number, service in enumerate(file.service):
        yield (6, number), service.name
        for place, method in enumerate(service.method):
            yield (6, number, 2, place), f"{service.name}.{method.name}"


def of_message(path: tuple[int, ...], message: DescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    if message.options.map_entry:
        return
    yield path, message.name
    for place, field in enumerate(message.field):
        yield (*path, 2, place), f"{message.name}.{field.name}"
    for place, nested in enumerate(message.nested_type):
        yield from of_message((*path, 3, place), nested)
    for place, enum in enumerate(message.enum_type):
        yield from of_enum((*path, 4, place), enum)


def of_enum(path: tuple[int, ...], enum: EnumDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, enum.name
    for place, value in enumerate(enum.value):
        yield (*path, 2, place), f"{enum.name}.{value.name}"


def test_everything_declared_has_a_comment(described: FileDescriptorSet) -> None:
    bare = []
    for file in described.file:
        commented = {
            tuple(location.path)
            for location in file.source_code_info.location
            if location.leading_comments.strip() or location.trailing_comments.strip()
        }
        bare += [f"{file.name}: {name}" for path, name in declarations(file) if path not in commented]
    assert bare == []


def test_packages_are_versioned_and_follow_their_folder(described: FileDescriptorSet) -> None:
    for file in described.file:
        assert re.fullmatch(r"telerehab(\.[a-z_]+)+\.v\d+", file.package), file.name
        assert file.package == str(Path(file.name).parent).replace("/", ".")


def test_names_follow_the_style_guide(described: FileDescriptorSet) -> None:
    for file in described.file:
        for path, name in declarations(file):
            last = name.rpartition(".")[2]
            if path[0] == 4 and len(path) == 4 and path[2] == 2:
                assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", last), name
            elif len(path) == 2:
                assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", last), name


def test_the_generated_code_is_that_of_the_protos(tmp_path: Path) -> None:
    generate_protos.generate(tmp_path)
    assert generate_protos.stale(tmp_path, ROOT / "telerehab" / "pb") == [], "run make proto"


def test_what_was_released_still_holds(described: FileDescriptorSet) -> None:
    assert check_protos.broken(check_protos.RELEASED.read_text().splitlines(), described) == []


MESSAGE = "message A { string a = 1; int32 b = 2; } service S { rpc Do(A) returns (A); } "


@pytest.mark.parametrize(
    ("later", "broken"),
    [
        (MESSAGE + "message B { A a = 1; }", 0),
        (MESSAGE.replace("int32 b = 2;", "int32 b = 2; optional string c = 3;"), 0),
        (MESSAGE.replace("int32 b = 2;", 'reserved 2; reserved "b";'), 0),
        (MESSAGE.replace("int32 b = 2;", ""), 1),
        (MESSAGE.replace("int32 b = 2;", "reserved 2;"), 1),
        (MESSAGE.replace("int32 b = 2;", "int32 b = 3;"), 1),
        (MESSAGE.replace("int32 b", "int64 b"), 1),
        (MESSAGE.replace("int32 b", "int32 renamed"), 1),
        (MESSAGE.replace("int32 b", "repeated int32 b"), 1),
        (MESSAGE.replace("returns (A)", "returns (stream A)"), 1),
        ("", 4),
    ],
)
def test_what_older_programs_could_not_read_is_told(tmp_path: Path, later: str, broken: int) -> None:
    proto = tmp_path / "a.proto"
    proto.write_text(f'syntax = "proto3"; package p; {MESSAGE}')
    released = check_protos.surface(check_protos.described(tmp_path))
    proto.write_text(f'syntax = "proto3"; package p; {later}')
    assert len(check_protos.broken(released, check_protos.described(tmp_path))) == broken


def test_the_catalogue_of_events_is_that_of_the_protos() -> None:
    assert (ROOT / "docs" / "events.md").read_text() == event_catalogue.catalogue(), "run: make docs"
