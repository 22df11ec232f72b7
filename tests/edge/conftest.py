"""An edge in this process over real HTTP objects, and edges in processes of their own that can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from huitou.edge import ledger as edge_ledger
from huitou.edge import write_keys
from huitou.edge.app import EdgeApp, make_app
from huitou.events.model import Event, decode_event
from huitou.events.write_keys import digest_of
from huitou.kit.settings import settings, use_settings

KEY = "wk_test"


@pytest.fixture
async def app(ledger: ModuleType, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EdgeApp]:
    monkeypatch.setattr(edge_ledger, "PATIENCE", 30.0)  # a busy machine is no failure
    use_settings(replace(settings(), write_key=KEY))
    write_keys.forget()
    made = make_app()
    made.state.committer.start()
    yield made
    await made.state.committer.stop()
    write_keys.forget()


def keep_key(ledger: ModuleType, key: str, name: str, key_class: str = "server") -> None:
    """A write key of these letters, as if it had been made."""
    with ledger.connect(autocommit=True) as connection:
        connection.execute(
            "INSERT INTO write_key (digest, name, class, last_four, created_at) VALUES (%s, %s, %s, %s, 0)",
            (digest_of(key), name, key_class, key[-4:]),
        )
    write_keys.forget()


@pytest.fixture
async def edge(app: EdgeApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge", auth=(KEY, "")) as client:
        yield client


@pytest.fixture
def journal(ledger: ModuleType) -> Callable[[], list[Event]]:
    """What is stored, in the order it came."""

    def read() -> list[Event]:
        with ledger.connect(autocommit=True) as connection:
            rows = connection.execute("SELECT body FROM journal ORDER BY position").fetchall()
        return [decode_event(bytes(body)) for (body,) in rows]

    return read


@dataclass
class Process:
    """`huitou serve --only edge` on one port and one data folder, whatever happens to it."""

    port: int
    env: dict[str, str]
    data: Path
    running: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.data.with_name("edge.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [str(Path(sys.executable).with_name("huitou")), "serve", "--only", "edge"]
        command += ["--port", str(self.port), "--data", str(self.data)]
        with self.log.open("a") as log:
            self.running = subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.running.poll() is None:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/ready", timeout=5).status_code == 200:
                    assert httpx.get(f"{self.url}/health").json()["pid"] == self.running.pid
                    return
            time.sleep(0.05)
        raise AssertionError(f"the edge did not start: {self.finish()}")

    def kill(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()

    def finish(self) -> str:
        if self.running is None:
            return ""
        self.running.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.running.wait(20)
        self.running.kill()
        self.running.wait()
        return self.log.read_text()

    def is_open(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def process(ledger: ModuleType, data: Path) -> Iterator[Process]:
    """A real server on this test's database."""
    made = Process(free_port(), clean_env(DATABASE_URL=settings().database_url or ""), data)
    made.start()
    yield made
    made.finish()


def clean_env(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUITOU_")}
    kept.pop("DATABASE_URL", None)
    return {**kept, "HUITOU_WRITE_KEY": KEY, "HUITOU_LANG": "en", **more}


def track(message: str, **properties: Any) -> dict[str, Any]:
    """One valid event as an SDK sends it."""
    return {
        "type": "track",
        "event": "live_commented",
        "messageId": message,
        "userId": "u-1",
        "timestamp": "2026-11-20T11:00:00Z",
        "properties": {"broadcast_id": "B20", **properties},
    }
