"""tassist installs, runs, shows and migrates to Task Assistant, a GitHub App that keeps issues in order."""

__version__ = "0.1.0"
