"""The FHIR standard as pure functions: definitions, JSON, validation, search, bundles. No I/O."""
