"""Compares legacy automation with the engine and moves a repository over; this is never about database schemas."""
