"""The behavioural contract: cases as data, what runs them, and what a person's own configuration promises."""
