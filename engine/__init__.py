"""The engine: issues, labels, milestones, rules and time as an argument; it touches nothing in the world."""
