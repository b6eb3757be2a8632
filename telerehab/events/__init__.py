"""Events: from the outbox row in the commit that made them true to an effect that happens once."""
