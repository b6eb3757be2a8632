"""What session notes of events it heard is written by its handlers alone: no client makes, alters or removes it."""

from __future__ import annotations

from collections.abc import Iterator

from telerehab.canonical import ALERT_MESSAGE, ALERT_REMINDER, HEARD_PAIN, HEARD_SCREENING, has_profile
from telerehab.change import Change, Refuse, Verdict, rule

HEARD = (ALERT_MESSAGE, ALERT_REMINDER, HEARD_SCREENING, HEARD_PAIN)


@rule("Communication")
def what_was_heard_is_nobodys_to_write(change: Change) -> Iterator[Verdict]:
    """Else a visit could be started on a screening that never was, or past an alert that was deleted."""
    contents = [each.content for each in (change.before, change.after) if each]
    claimed = next((url for url in HEARD for content in contents if has_profile(content, url)), None)
    if claimed and not change.heard:
        yield Refuse(
            f"A Communication of the profile {claimed} follows from answers and acknowledgements;"
            " it cannot be written or deleted itself.",
            "Communication.meta.profile",
        )
