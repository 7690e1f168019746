"""GitHub as the App sees it: tokens, one thin client, and the engine's ports on top of it."""
