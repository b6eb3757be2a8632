"""Which practitioner each role is: who is booked under a role is not free under the own name, nor the reverse."""

from __future__ import annotations

from telerehab.projection import heard

acting_practitioner = heard("acting_practitioner")
