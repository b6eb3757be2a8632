"""Reading a clinical file into frozen dataclasses, strictly: an unknown, missing or ill-typed field is an error.

https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as pydantic_dataclass

T = TypeVar("T")

BOOK: Traversable = files("clinical")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def stated(cls: type[T]) -> type[T]:
    """A frozen dataclass whose fields are the keys of a TOML table; any other key is an error."""
    made: Any = pydantic_dataclass(
        cls, frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid")
    )
    return cast(type[T], made)


def names(folder: str) -> tuple[str, ...]:
    """The names of the files of `folder` ("instruments") without .toml, sorted."""
    found = (entry.name for entry in (BOOK / folder).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def paths() -> Iterator[str]:
    """Every clinical file, as "folder/name.toml" or "name.toml", sorted; APPROVALS.toml is none of them."""
    for entry in sorted(BOOK.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml") and entry.name != "APPROVALS.toml":
            yield entry.name
        elif entry.is_dir():
            yield from (f"{entry.name}/{name}.toml" for name in names(entry.name))


def text(path: str) -> str:
    """The file at `path` ("instruments/phq-9.toml") as it stands."""
    return (BOOK / path).read_text(encoding="utf-8")


@cache
def table(path: str) -> dict[str, Any]:
    """The file at `path` as TOML; numbers with a point are Decimal. Not to be changed by the caller."""
    return tomllib.loads(text(path), parse_float=Decimal)


def read(cls: type[T], path: str) -> T:
    """The file at `path` as a `cls`; pydantic.ValidationError names each field that does not fit."""
    return TypeAdapter(cls).validate_python(table(path))
