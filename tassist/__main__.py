"""`python -m tassist` is `tassist`."""

from tassist.entry import main

main()
