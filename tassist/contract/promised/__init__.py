"""What each part of a configuration promises: one module a part, each a generator of trials."""
