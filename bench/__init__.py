"""Measurements: what the platform does per second of CPU, beside what the same driver does without it."""
