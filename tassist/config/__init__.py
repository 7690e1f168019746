"""Settings: environment, `.env` and file, read in one place."""
