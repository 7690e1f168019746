"""The demo: everything offline, with the real server, the real App client and GitHub in a box."""
