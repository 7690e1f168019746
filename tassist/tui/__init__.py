"""The one Textual app that bundles everything; only this package knows Textual."""
