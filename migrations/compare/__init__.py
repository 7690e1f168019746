"""Control against candidate: what legacy declares, what its record shows, what the engine does."""
