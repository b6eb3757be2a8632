"""Who takes part in a story, and what they have made so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from demo.client import Answer, Client
from demo.resources import CLINIC_ZONE
from demo.telling import Telling
from telerehab.fhir.json import JsonObject

BROUGHT_ALONG = ("Questionnaire/", "ActivityDefinition/", "PlanDefinition/")
"""Types of what the platform itself brings along, from its clinical content."""
Events = Callable[[], Counter[str]]
"""How many events of each type the platform has ever said."""


def today() -> date:
    """The day at the clinic, which is the patient's too."""
    return datetime.now(ZoneInfo(CLINIC_ZONE)).date()


@dataclass
class Journey:
    """One story on the FHIR base `base`; what is made is kept as references ("Patient/1").

    `events` is None where the story cannot look behind the API; `pictures` is the folder for charts, None for none;
    `patience` is that of every party.
    """

    base: str
    tell: Telling
    events: Events | None = None
    pictures: Path | None = None
    patience: float = 60.0
    today: date = field(default_factory=today)
    began: str = ""
    patient: str = ""
    requester: str = ""
    practitioner: str = ""
    referral: str = ""
    held: str = ""
    encounter: str = ""
    position: str = ""
    """What to present to a read that shall see what the writes since the last `begins_with` have caused."""
    proposal: JsonObject = field(default_factory=dict)
    appointment: JsonObject = field(default_factory=dict)
    care_plan: str = ""
    exercises: Sequence[JsonObject] = ()
    """The prescriptions of the programme, as the patient's app has read them."""
    bridge: str = ""
    """The prescription of the exercise whose dose changes in the story."""
    alert: str = ""
    """The Task that asks somebody to acknowledge an alert."""

    def __post_init__(self) -> None:
        self.hospital = Client(self.base, self.patience)
        self.clinic = Client(self.base, self.patience)
        self.partner = Client(self.base, self.patience)
        self.stranger = Client(self.base, self.patience)

    @property
    def parties(self) -> Sequence[Client]:
        """Everybody who asks the platform for something."""
        return (self.hospital, self.clinic, self.partner, self.stranger)

    @property
    def made(self) -> set[str]:
        """Every version that anyone has seen ("Patient/1/_history/1") of what was made here."""
        seen = set().union(*(party.seen for party in self.parties))
        return {version for version in seen if not version.startswith(BROUGHT_ALONG)}

    def begins_with(self, write: Answer) -> None:
        """From here on reads wait for what this write causes, no longer for those before."""
        self.position = write.position

    def goes_on_with(self, write: Answer) -> None:
        """Reads wait for what this write causes as well: tokens joined by ~ are the token of all."""
        self.position = "~".join(token for token in (self.position, write.position) if token)

    def shows(self, *references: str) -> None:
        """Tell the links to what a step made."""
        for reference in references:
            self.tell.link(reference.partition("/")[0], f"{self.base}/{reference}")

    def close(self) -> None:
        """Everybody leaves."""
        for party in self.parties:
            party.close()
