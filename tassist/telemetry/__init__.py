"""Telemetry: the record, its schema, and the sinks that keep it."""
