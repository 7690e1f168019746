"""The webhook server: verify, store durably, answer, and only then work."""
