"""The command line: `huitou`. Commands parse, call, print; each lives in a file of its name."""

from __future__ import annotations

import os

OWNER_ONLY = 0o077


def main() -> None:
    os.umask(OWNER_ONLY)  # whatever a command writes tells of customers, the files that it is asked for too
    from huitou.cli.language import prepare_library

    prepare_library()
    from huitou.cli.app import app

    app()
