"""`tassist setup`: what the installer's steps need, and the loop that every face shares."""
