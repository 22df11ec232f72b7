"""Messages a second from the outbox to a mail server in another process, guard, rendering and records included.

Floor: the same server fed with ready mails of the same size, by Postfix's smtp-source where it is installed, and by
aiosmtplib over as many connections; the faster of the two counts.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from huitou.campaigns.reading import default_text
from huitou.campaigns.versions import save_version
from huitou.delivery.channels.email.channel import SESSIONS
from huitou.delivery.outbox import enqueue
from huitou.flows.follow_up import Planned, plan_follow_up, run_due
from huitou.kit import clock
from huitou.kit.clock import HOUR, MINUTE
from huitou.kit.errors import Unavailable
from huitou.kit.settings import settings, use_settings
from huitou.proving.benches import Figure
from huitou.proving.benches.evening import BROADCAST, ENDED, ORDERED, PLANNED, hold_evening
from huitou.proving.benches.own_house import forget_peak, own_house, rates
from huitou.proving.sink import read_index, running_sink
from huitou.stores.ledger import transaction

SIZE = 20_000  # messages
RUNS = 3
SMTP_SOURCE = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
DUE = ENDED + 24 * HOUR + 30 * MINUTE  # half past nine in the evening; quiet begins at ten
OTHER_TIMINGS = re.compile(r'\[\[timing\]\]\nname = "(?!next_day).*?(?=\n\[\[)', re.DOTALL)


def measure_send(size: int | None, folder: Path) -> Figure:
    """All messages, RUNS times over, each time queued anew and to an empty sink; Unavailable where one is missing."""
    begun, size = time.perf_counter(), size or SIZE
    before = clock.set_clock(clock.FrozenClock(PLANNED))
    try:
        with own_house(folder):
            hold_evening(round(size / (1 - ORDERED)))
            with transaction() as connection:
                campaign = save_version(connection, to_everybody())
            planned = plan_follow_up(BROADCAST, campaign)
            clock.set_clock(clock.FrozenClock(DUE))
            forget_peak()
            spent = [_send_all(folder / f"sink{run}", planned) for run in range(RUNS)]
            mail = _one_mail(folder / "sample", planned)
        count = len(read_index(folder / "sink0"))
        floors = measure_floors(folder / "floor", mail, count)
    finally:
        clock.set_clock(before)
    best = min(floors, key=lambda name: median(floors[name]))
    notes: dict[str, Any] = {
        "mail_bytes": len(mail),
        "connections": SESSIONS,
        **{f"{name}_per_s": round(count / median(seconds)) for name, seconds in floors.items()},
        "floor_is": f"{best} on the same sink",
    }
    return rates("send", "messages/s", count, spent, floors[best], begun, notes)


def to_everybody() -> str:
    """The shipped campaign with nobody left out and one message each, a day after the show."""
    text = default_text()
    for setting in ("holdout", "explore"):
        text = re.sub(rf"(?m)^{setting} = .*$", f"{setting} = 0.0", text)
    return OTHER_TIMINGS.sub("", text)


def _one_mail(sink: Path, planned: Planned) -> bytes:
    """One of the mails as it went over the wire: the sinks that are measured keep only their index."""
    with transaction() as connection:
        connection.execute("TRUNCATE message CASCADE")
        enqueue(connection, planned.decisions.slice(0, 1), planned.campaign, planned.told)
    with running_sink(sink) as url:
        use_settings(replace(settings(), smtp_url=url))
        run_due()
    return read_index(sink)[0].path.read_bytes()


def _send_all(sink: Path, planned: Planned) -> float:
    with transaction() as connection:
        connection.execute("TRUNCATE message CASCADE")
        queued = enqueue(connection, planned.decisions, planned.campaign, planned.told)
    with running_sink(sink, keep_mails=False) as url:
        use_settings(replace(settings(), smtp_url=url))
        result = run_due()
    arrived = {mail.message for mail in read_index(sink)}
    if not 0 < result.submitted == len(arrived) == len(read_index(sink)) == queued:
        raise Unavailable(
            {
                "zh": f"排队 {queued} 封，说发了 {result.submitted} 封，收到 {len(arrived)} 封不同的",
                "en": f"{queued} queued, {result.submitted} said to be sent, {len(arrived)} different ones arrived",
            }
        )
    return result.seconds


def measure_floors(folder: Path, mail: bytes, count: int) -> dict[str, list[float]]:
    """Seconds for as many mails of that size, by each way there is."""
    floors: dict[str, list[float]] = {}
    for run in range(RUNS):
        with running_sink(folder / f"plain{run}", keep_mails=False) as url:
            floors.setdefault("aiosmtplib", []).append(asyncio.run(_send_plainly(url, mail, count)))
        if Path(SMTP_SOURCE).exists():
            with running_sink(folder / f"source{run}", keep_mails=False) as url:
                floors.setdefault("smtp-source", []).append(_run_smtp_source(url, len(mail), count))
    return floors


async def _send_plainly(url: str, mail: bytes, count: int) -> float:
    """The same mail again and again: no ledger, no guard, no rendering."""
    from aiosmtplib import SMTP

    target, left = urlsplit(url), iter(range(count))

    async def work() -> None:
        client = SMTP(hostname=target.hostname, port=target.port, start_tls=False)
        await client.connect()
        for _ in left:
            await client.sendmail("bench@example.com", ["someone@example.com"], mail)
        await client.quit()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(SESSIONS)))
    return time.perf_counter() - begun


def _run_smtp_source(url: str, length: int, count: int) -> float:
    target = urlsplit(url)
    command = [SMTP_SOURCE, "-d", "-s", str(SESSIONS), "-m", str(count), "-l", str(length)]
    command += ["-f", "bench@example.com", "-t", "someone@example.com", f"inet:{target.hostname}:{target.port}"]
    begun = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise Unavailable(
            {"zh": f"smtp-source 出错：{run.stderr[-300:]}", "en": f"smtp-source failed: {run.stderr[-300:]}"}
        )
    return time.perf_counter() - begun
