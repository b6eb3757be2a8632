"""Who asks, and which rows that lets them touch."""

from telerehab.access.caller import Caller
from telerehab.access.predicate import EVERYTHING, Access

__all__ = ["EVERYTHING", "Access", "Caller"]
