"""`python -m huitou` is `huitou`."""

from huitou.cli import main

main()
