"""Who takes part in the journey, and what they have made so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from demo.client import Client
from demo.telling import Telling
from telerehab.fhir.json import JsonObject

BROUGHT_ALONG = ("Questionnaire/", "ActivityDefinition/", "PlanDefinition/")
"""Types of what the platform itself brings along, from its clinical content."""
Events = Callable[[], Counter[str]]
"""How many events of each type the platform has ever said."""


@dataclass
class Journey:
    """One journey on the FHIR base `base`; what is made is kept as references ("Patient/1").

    `events` is None where the story cannot look behind the API.
    """

    base: str
    tell: Telling
    events: Events | None = None
    began: str = ""
    patient: str = ""
    requester: str = ""
    practitioner: str = ""
    referral: str = ""
    held: str = ""
    encounter: str = ""
    position: str = ""
    proposal: JsonObject = field(default_factory=dict)
    appointment: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hospital = Client(self.base)
        self.clinic = Client(self.base)
        self.partner = Client(self.base)
        self.stranger = Client(self.base)

    @property
    def parties(self) -> Sequence[Client]:
        """Everybody who asks the platform for something."""
        return (self.hospital, self.clinic, self.partner, self.stranger)

    @property
    def made(self) -> set[str]:
        """Every version that anyone has seen ("Patient/1/_history/1") of what was made here."""
        seen = set().union(*(party.seen for party in self.parties))
        return {version for version in seen if not version.startswith(BROUGHT_ALONG)}

    def shows(self, *references: str) -> None:
        """Tell the links to what a step made."""
        for reference in references:
            self.tell.link(reference.partition("/")[0], f"{self.base}/{reference}")

    def close(self) -> None:
        """Everybody leaves."""
        for party in self.parties:
            party.close()
