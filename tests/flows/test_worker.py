"""A worker that was killed in the middle of a job leaves the next one nothing that keeps it from working."""

from __future__ import annotations

import asyncio
import threading
from types import ModuleType

import pytest

from huitou.flows import follow_up
from huitou.flows.jobs import ask_for, make_jobs
from huitou.flows.worker import retry_stalled, run_worker
from huitou.stores.ledger import transaction

Rows = list[tuple[str, str]]


async def leave_behind(name: str, *, queued_again: bool) -> None:
    """A job whose worker is gone; and the same once more, as it is asked for every few seconds."""
    jobs = make_jobs()
    async with jobs.open_async():
        await ask_for(jobs, name)
        with transaction() as connection:
            connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        if queued_again:
            await ask_for(jobs, name)


def queue() -> Rows:
    with transaction() as connection:
        return connection.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id").fetchall()


@pytest.mark.parametrize("queued_again", [False, True])
async def test_a_job_of_a_killed_worker_is_queued_once(ledger: ModuleType, queued_again: bool) -> None:
    await leave_behind("messages.sent", queued_again=queued_again)
    jobs = make_jobs()
    async with jobs.open_async():
        assert await retry_stalled(jobs) == 1
        assert await retry_stalled(jobs) == 0
    assert queue() == [("messages.sent", "todo")]


async def test_a_worker_works_after_one_that_was_killed(ledger: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = threading.Event()
    monkeypatch.setattr(follow_up, "run_due", sent.set)
    await leave_behind("messages.sent", queued_again=True)
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(stop))
    assert await asyncio.to_thread(sent.wait, 20)
    stop.set()
    await working
