"""Webhook intake and the dispatcher: verify, store, answer; then look, decide, apply, record."""
