"""The command line: `huitou`. Commands parse, call, print; each lives in a file of its name."""

from __future__ import annotations


def main() -> None:
    from huitou.cli.language import prepare_library

    prepare_library()
    from huitou.cli.app import app

    app()
