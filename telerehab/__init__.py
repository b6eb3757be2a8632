"""What every telerehabilitation service stands on: the FHIR engine, the unit of work, events, rpc."""
