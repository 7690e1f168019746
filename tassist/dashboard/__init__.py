"""The dashboard: a self-contained static site that is built from telemetry and from nothing else."""
