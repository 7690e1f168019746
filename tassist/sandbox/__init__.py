"""GitHub in a box: a stateful GitHub over real HTTP, for the demo, every test and rehearsals."""
