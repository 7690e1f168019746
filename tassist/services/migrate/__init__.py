"""`tassist migrate`: from legacy automation to Task Assistant, one step after the other."""
