"""Pages of the dashboard: HTML with one style, one script and no request."""
