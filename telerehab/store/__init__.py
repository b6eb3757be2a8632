"""PostgreSQL: all SQL about records, and the embedded server."""
