"""The command line: one module a verb; it collects input and renders results."""
