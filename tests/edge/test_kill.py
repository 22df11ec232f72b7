"""kill -9 of the edge while events come in: what was acknowledged is stored exactly once; nothing goes on serving."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest

from huitou.events.model import Event
from huitou.stores.postgres import start_postgres
from tests.edge.conftest import KEY, Process, clean_env, free_port, track

KILLS = 4


async def send_until_acknowledged(process: Process, sender: int, stop: asyncio.Event) -> set[str]:
    """Batches of 20, one after the other; each repeated until it is answered 200, as SDKs do."""
    acknowledged: set[str] = set()
    number = 0
    async with httpx.AsyncClient(base_url=process.url, auth=(KEY, ""), timeout=10) as client:
        while not stop.is_set():
            ids = [f"s{sender}-{number}-{n}" for n in range(20)]
            number += 1
            while True:
                try:
                    answer = await client.post("/v1/batch", json={"batch": [track(one) for one in ids]})
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                    continue
                assert answer.status_code in (200, 503), answer.text
                if answer.status_code == 200:
                    counts = answer.json()
                    assert counts["accepted"] + counts["duplicate"] == 20, counts
                    acknowledged.update(ids)
                    break
    return acknowledged


@pytest.mark.parametrize("kills", [KILLS, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.timeout(240)
async def test_what_was_acknowledged_is_stored_exactly_once(
    process: Process, journal: Callable[[], list[Event]], kills: int
) -> None:
    rng = random.Random(20)
    stop = asyncio.Event()
    senders = [asyncio.create_task(send_until_acknowledged(process, sender, stop)) for sender in range(4)]
    for _ in range(kills):
        await asyncio.sleep(rng.uniform(0.05, 0.5))
        await asyncio.to_thread(process.kill)
        assert not process.is_open()
        await asyncio.to_thread(process.start)
    await asyncio.sleep(0.3)
    stop.set()
    acknowledged = set().union(*await asyncio.gather(*senders))
    stored = Counter(event.event_id for event in journal())
    assert len(acknowledged) > kills * 20
    assert set(stored.values()) == {1}
    assert stored.keys() == acknowledged


def test_a_second_server_on_the_port_is_refused(process: Process) -> None:
    command = [str(Path(sys.executable).with_name("huitou")), "serve", "--only", "edge", "--port", str(process.port)]
    second = subprocess.run(
        [*command, "--data", str(process.data)],
        env=process.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert f"port {process.port} is in use" in second.stderr
    assert httpx.get(f"{process.url}/health").json()["pid"] == process.running.pid  # type: ignore[union-attr]


def test_a_killed_server_leaves_nothing_serving_and_a_stopped_one_answers_first(process: Process) -> None:
    process.kill()
    assert not process.is_open()
    process.start()
    said = process.finish()
    assert process.running is not None
    assert process.running.returncode == 0
    assert "leak" not in said
    assert "Traceback" not in said


def test_a_sender_that_dawdles_holds_nobody_up(process: Process) -> None:
    dawdling = []
    for _ in range(50):
        line = socket.create_connection(("127.0.0.1", process.port))
        line.sendall(b"POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n{")
        dawdling.append(line)
    answer = httpx.post(f"{process.url}/v1/track", json=track("quick"), auth=(KEY, ""), timeout=10)
    assert answer.status_code == 200
    for line in dawdling:
        line.close()
    assert httpx.get(f"{process.url}/health", timeout=5).status_code == 200


@pytest.mark.timeout(120)
def test_ready_tells_when_the_ledger_is_gone_and_when_it_is_back(tmp_path: Path) -> None:
    """The server is stopped and started under the edge: /ready and events are 503, and both recover by themselves."""
    server = start_postgres(tmp_path / "postgres")
    edge = Process(free_port(), clean_env(DATABASE_URL=server.dsn), tmp_path / "data")
    edge.start()
    try:
        assert _post(edge, "before") == 200
        server.stop()
        assert _eventually(lambda: httpx.get(f"{edge.url}/ready", timeout=20).status_code, 503)
        refused = httpx.post(f"{edge.url}/v1/track", json=track("meanwhile"), auth=(KEY, ""), timeout=60)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert httpx.get(f"{edge.url}/health", timeout=5).status_code == 200
        assert httpx.get(f"{edge.url}/t/some-token", timeout=60).status_code == 503
        server = start_postgres(tmp_path / "postgres")
        assert _eventually(lambda: httpx.get(f"{edge.url}/ready", timeout=20).status_code, 200)
        assert [_post(edge, "meanwhile"), _post(edge, "before")] == [200, 200]
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT count(*) FROM journal").fetchone() == (2,)
    finally:
        edge.finish()
        server.stop()


def _post(edge: Process, message: str) -> int:
    return httpx.post(f"{edge.url}/v1/track", json=track(message), auth=(KEY, ""), timeout=60).status_code


def _eventually(ask: Callable[[], int], wanted: int, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ask() == wanted:
            return True
        time.sleep(0.1)
    return False
