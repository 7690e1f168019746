"""The sandbox held against GitHub's own descriptions, and against clients that are not ours."""
