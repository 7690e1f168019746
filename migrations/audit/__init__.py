"""Finds legacy automation by what it does, and what is wrong with it; nothing is read here and nothing is run."""
