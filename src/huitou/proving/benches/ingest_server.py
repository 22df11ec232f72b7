"""The edge for benches: `python -m huitou.proving.benches.ingest_server FOLDER PORT [--floor]`, until SIGTERM.

Always on an embedded ledger of its own in FOLDER, whatever DATABASE_URL says.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from huitou.asgi import serve
from huitou.edge.app import make_app
from huitou.edge.committer import Committer
from huitou.events.model import Event
from huitou.kit.settings import read_settings, use_settings
from huitou.proving.benches.http_load import KEY


class ForgetfulCommitter(Committer):
    """Says accepted and stores nothing: what is left is HTTP and decoding."""

    async def commit(self, events: Sequence[Event]) -> Sequence[str]:
        return ["accepted"] * len(events)


async def run(port: int, floor: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(make_app(ForgetfulCommitter() if floor else Committer()), "127.0.0.1", port, stop)


def main(folder: str, port: str, *flags: str) -> None:
    use_settings(read_settings(Path(folder), {"HUITOU_WRITE_KEY": KEY}))
    floor = "--floor" in flags
    if not floor:
        from huitou.stores.django import migrate

        migrate()
    asyncio.run(run(int(port), floor))


if __name__ == "__main__":
    main(*sys.argv[1:])
