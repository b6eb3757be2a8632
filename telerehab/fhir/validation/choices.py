"""Choice elements: exactly one of `value[x]`, with an allowed type in its name.

https://hl7.org/fhir/R4/formats.html#choice
"""

from __future__ import annotations

from typing import Any, NamedTuple

from telerehab.fhir.validation.context import MISSING, Context, Fault, Path


class Choice(NamedTuple):
    """One choice: its `name` without `[x]`, all member names that give it a value, `_` forms included."""

    name: str
    members: frozenset[str]
    required: bool

    @property
    def allowed(self) -> str:
        """The member names a client may use, as text."""
        return ", ".join(sorted(member for member in self.members if not member.startswith("_")))


def check_choices(choices: tuple[Choice, ...], value: dict[str, Any], path: Path, context: Context) -> None:
    """Report each choice of an object that has no value though it must, or more than one."""
    members = value.keys()
    for choice in choices:
        found = members & choice.members
        if not found:
            if choice.required:
                context.report(MISSING, (path, choice.name, -1))
        elif len(found) > 1 and len({member.lstrip("_") for member in found}) > 1:
            fault = Fault("structure", f"Only one of {_few(sorted(found))} may be there.")
            context.report(fault, (path, choice.name, -1))


def wrong_type(choices: tuple[Choice, ...], member: str) -> tuple[str, Fault] | None:
    """For an unknown member that looks like a choice (`valueFoo`, or `value` alone): its name and what is allowed."""
    bare = member.lstrip("_")
    for choice in choices:
        if bare.startswith(choice.name) and (bare[len(choice.name) :][:1] or "A").isupper():
            return choice.name, Fault(
                "structure", f"{choice.name}[x] has one of these names: {choice.allowed}."
            )
    return None


def _few(names: list[str]) -> str:
    return ", ".join(names[:6])
