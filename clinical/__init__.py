"""Clinical content as data: what a clinician reads and signs. Nothing here decides; rules read it."""
