"""The worker: runs the jobs, and asks for them when events come in or time has passed."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from procrastinate import App
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status

from huitou.events.load import wait_for_events
from huitou.flows.heartbeat import WORKER, beat
from huitou.flows.jobs import NIGHTLY, ask_for, make_jobs

log = structlog.get_logger()

LOAD_EVERY = 5.0  # seconds without news after which the journal is looked at anyway
SEND_EVERY = 5.0
START_EVERY = 60.0
BEAT_EVERY = 20.0
REFRESH_EVERY = 60.0
NIGHT_EVERY = 300.0  # how often it is asked whether the night's work is due
FAILED_KEPT_HOURS = 7 * 24
STALLED_AFTER = 30  # seconds without a heartbeat: the worker that ran the job is gone
PARALLEL = 2
PAUSE = 5.0  # seconds after which a worker that failed begins again


async def run_worker(stop: asyncio.Event) -> None:
    """Until `stop` is set; a job at work is finished first. Where the ledger goes away or is full, begun again."""
    while not stop.is_set():
        try:
            await _work(stop)
        except Exception as error:
            log.warning("worker.interrupted", error=type(error).__name__, again_in_s=PAUSE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE)


async def _work(stop: asyncio.Event) -> None:
    """Until `stop` is set, or a part of it fails: the others would go on without it and nobody would know."""
    jobs = make_jobs()
    async with jobs.open_async():
        await retry_stalled(jobs)
        worker = asyncio.create_task(
            jobs.run_worker_async(
                concurrency=PARALLEL,
                install_signal_handlers=False,
                delete_jobs="successful",
                fetch_job_polling_interval=1.0,
            )
        )
        asking = [
            asyncio.create_task(_beat(stop)),
            asyncio.create_task(_on_news(jobs, stop)),
            asyncio.create_task(_every(SEND_EVERY, jobs, "messages.sent", stop)),
            asyncio.create_task(_every(REFRESH_EVERY, jobs, "portraits.refreshed", stop)),
            asyncio.create_task(_every(START_EVERY, jobs, "follow_ups.started", stop)),
            asyncio.create_task(_every(NIGHT_EVERY, jobs, NIGHTLY, stop)),
        ]
        stopped = asyncio.create_task(stop.wait())
        ended, _ = await asyncio.wait({worker, *asking, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (*asking, stopped):
            task.cancel()
        await asyncio.gather(*asking, stopped, return_exceptions=True)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        for task in ended:
            task.result()  # raises what it failed with


async def retry_stalled(jobs: App) -> int:
    """Put back the jobs of workers that were killed: they would stay 'doing' for ever and hold their locks."""
    stalled: list[Job] = list(await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER))
    for job in stalled:
        await _put_back(jobs, job)
    if stalled:
        log.info("jobs.retried", count=len(stalled))
    return len(stalled)


async def _put_back(jobs: App, job: Job) -> None:
    """Where the same is queued already, as it mostly is after a few seconds, that one does."""
    try:
        await jobs.job_manager.retry_job(job)
    except UniqueViolation:
        await jobs.job_manager.finish_job(job, Status.FAILED, delete_job=True)


async def _beat(stop: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.to_thread(beat, WORKER)
        await asyncio.sleep(BEAT_EVERY)


async def _on_news(jobs: App, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.to_thread(wait_for_events, LOAD_EVERY)
        await ask_for(jobs, "events.loaded")


async def _every(seconds: float, jobs: App, name: str, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await ask_for(jobs, name)
        if name == "follow_ups.started":
            await retry_stalled(jobs)
        if name == NIGHTLY:
            await jobs.job_manager.delete_old_jobs(FAILED_KEPT_HOURS, include_failed=True)
        await asyncio.sleep(seconds)
