"""The places of the app, one screen a file, and the questions it asks."""
