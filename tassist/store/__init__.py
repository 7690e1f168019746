"""The journal of deliveries and runs in one SQLite file; its schema versions live here too."""
