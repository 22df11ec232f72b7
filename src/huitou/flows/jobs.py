"""The registry of jobs: what the worker does, each by its name. procrastinate keeps the queue in the ledger.

Schedules of procrastinate run on the server's clock; what is due is asked of the house's clock inside each job, so a
replayed moment sends what was due then.
"""

from __future__ import annotations

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from huitou.flows import follow_up, nightly, refresh
from huitou.stores.ledger import database_url

ALONE = "house"  # jobs of this lock run one after another: they read and write the same tables
NIGHTLY = "night.kept"  # beside them: it takes each table's lock for as long as it writes it, and mails go on


def make_jobs() -> App:
    """The procrastinate application; open it with `open_async`."""
    jobs = App(connector=PsycopgConnector(conninfo=database_url()))
    jobs.task(name="events.loaded", lock=ALONE, queueing_lock="events.loaded")(_load)
    jobs.task(name="portraits.refreshed", lock=ALONE, queueing_lock="portraits.refreshed")(_refresh)
    jobs.task(name="messages.sent", lock=ALONE, queueing_lock="messages.sent")(_send)
    jobs.task(name="follow_ups.started", lock=ALONE, queueing_lock="follow_ups.started")(_start)
    jobs.task(name=NIGHTLY, lock=NIGHTLY, queueing_lock=NIGHTLY)(_night)
    return jobs


def _load() -> None:
    refresh.absorb()


def _refresh() -> None:
    refresh.catch_up()


def _send() -> None:
    follow_up.run_due()


def _start() -> None:
    follow_up.start_automatic()


def _night() -> None:
    nightly.run_nightly()


async def ask_for(jobs: App, name: str) -> None:
    """Queue the job unless it is queued already."""
    try:
        await jobs.configure_task(name, queueing_lock=name, lock=NIGHTLY if name == NIGHTLY else ALONE).defer_async()
    except AlreadyEnqueued:
        return
