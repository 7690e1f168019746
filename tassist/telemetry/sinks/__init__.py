"""Where records go: one small interface, several sinks behind it."""
