"""What legacy automation declares to do: one model a component, as pure functions over a snapshot."""
