"""The only place where the engine's ports meet their adapters."""
