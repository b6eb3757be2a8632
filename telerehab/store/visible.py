"""The access predicate as SQL: which rows a read may touch.

Every read of records goes through it; a hidden row is the same as none.
"""

from __future__ import annotations

from typing import Any

from telerehab.access import Access


def visible(access: Access, row: str, parameters: list[Any], type_: str | None = None) -> str:
    """An SQL condition on the alias `row` (columns type, patients); its values are added to `parameters`.

    `type_` is the rows' type where all have one.
    """
    if access.patients is None or type_ in access.shared_types:
        return "true"
    parameters.append(sorted(access.patients))
    mine = f"{row}.patients && ${len(parameters)}::text[]"
    if type_ is not None or not access.shared_types:
        return mine
    parameters.append(sorted(access.shared_types))
    return f"({row}.type = ANY (${len(parameters)}::text[]) OR {mine})"


def version_visible(access: Access, parameters: list[Any], type_: str | None = None) -> str:
    """The condition on a version (alias `v`): it must be visible itself, and so must the current one be."""
    own = visible(access, "v", parameters, type_)
    if own == "true":
        return own
    current = visible(access, "c", parameters, type_)
    return f"{own} AND EXISTS (SELECT FROM resource c WHERE c.type = v.type AND c.id = v.id AND {current})"
