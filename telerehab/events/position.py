"""Position tokens: a write answers with the events it said, a read that presents them waits for their handlers.

A token is "Type:id.id~Type:id" with ids in base64url; opaque to clients, but tokens joined by "~" are the token of
all their writes, as long as they name no more than MOST_EVENTS. As the order of a key is kept, the last event of each
type, topic and key stands for those before it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from telerehab.events.database import is_outage
from telerehab.events.inbox import Inbox, wait_within
from telerehab.events.keeping import Letters
from telerehab.service import Service
from telerehab.write_set import OutboxRow, WriteSet

HEADER = "X-Telerehab-Position"
POLL_SECONDS = 0.05
MOST_EVENTS = 200
_PACKAGE = "telerehab.events.v1."


class BadToken(ValueError):
    """The text is no position token; the message may say why."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Whether the position was reached; if not, `reason` says why: "timeout", "dead-letter" or "unavailable"."""

    reached: bool
    reason: str = ""


def token_of(write_sets: Iterable[WriteSet]) -> str:
    """The token of a commit, "" if it said nothing; a commit of very many keys names the last of them."""
    last: dict[tuple[str, str, bytes], OutboxRow] = {}
    for row in (row for write_set in write_sets for row in write_set.outbox):
        last.pop((row.type, row.topic, row.key), None)
        last[row.type, row.topic, row.key] = row
    return _token((row.type, row.event_id) for row in last.values())


def joined(tokens: Iterable[str]) -> str:
    """One token for the writes of several, of very many events the last; raises BadToken."""
    return _token(event for token in tokens for event in events_of(token))


def events_of(token: str) -> list[tuple[str, str]]:
    """The full type name and id of each event a token names; raises BadToken."""
    events: list[tuple[str, str]] = []
    for part in token.split("~") if token else []:
        type_, _, ids = part.partition(":")
        if not type_.isidentifier():
            raise BadToken
        events += [(_PACKAGE + type_, _unpacked(id_)) for id_ in ids.split(".")]
    if len(events) > MOST_EVENTS:
        raise BadToken(f"A position names {MOST_EVENTS} events at most.")
    return events


async def wait(service: Service, inbox: Inbox, letters: Letters, token: str, seconds: float) -> Waited:
    """Wait until every handler of `service` that hears the token's events has taken them.

    Returns after `seconds`, or early where a handler will not take one of them before a person acts. Raises
    BadToken.
    """
    wanted = {
        (event_id, handler.name)
        for type_, event_id in events_of(token)
        for handler in service.handlers_of(type_)
    }
    try:
        async with asyncio.timeout(seconds):
            while wanted:
                grown = inbox.growth()
                wanted -= await inbox.taken(wanted)
                if not wanted:
                    break
                if wanted & await letters.dead({event_id for event_id, _ in wanted}):
                    return Waited(False, "dead-letter")
                await wait_within(grown, POLL_SECONDS)
    except TimeoutError:
        return Waited(False, "timeout")
    except Exception as error:
        if is_outage(error):
            return Waited(False, "unavailable")
        raise
    return Waited(True)


def _token(events: Iterable[tuple[str, str]]) -> str:
    by_type: dict[str, list[str]] = {}
    for type_, event_id in list(events)[-MOST_EVENTS:]:
        by_type.setdefault(type_.removeprefix(_PACKAGE), []).append(_packed(event_id))
    return "~".join(f"{type_}:{'.'.join(ids)}" for type_, ids in by_type.items())


def _packed(event_id: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(event_id.replace("-", "")))[:22].decode()


def _unpacked(text: str) -> str:
    try:
        return str(UUID(bytes=base64.b64decode(text + "==", altchars=b"-_", validate=True)))
    except (binascii.Error, ValueError):
        raise BadToken from None
