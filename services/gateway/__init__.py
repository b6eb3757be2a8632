"""The gateway: one FHIR base URL over all services; what spans owners is done here."""
