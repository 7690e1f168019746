"""What every screen is built of: safe rows, problem panels, empty states, the bar of places."""
