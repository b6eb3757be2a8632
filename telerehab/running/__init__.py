"""Processes at work: services hosted in one, or each in its own under a supervisor, started and stopped in order."""
