"""A house of real processes that are killed while they work, and a feeder that remembers what was acknowledged."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PATIENCE_SECONDS = 300
KEY = "feeder"
BATCH = 50


@dataclass
class House:
    """`huitou` in a folder of its own, on its embedded ledger; `kills` counts processes that were killed at work."""

    folder: Path
    chance: random.Random
    smtp_url: str = ""
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The command as a process; what it says goes to a file, read where it fails."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("HUITOU_", "DATABASE_URL"))}
        env |= {"HUITOU_DATA": str(self.data), "HUITOU_WRITE_KEY": KEY, "HUITOU_SMTP_URL": self.smtp_url}
        env |= {"LANG": "C.UTF-8", "HUITOU_PUBLIC_URL": f"http://127.0.0.1:{self.port}"}
        with (self.folder / "said.txt").open("ab") as said, (self.folder / f"{words[0]}.out").open("wb") as out:
            return subprocess.Popen([sys.executable, "-m", "huitou", *words], env=env, stdout=out, stderr=said)

    def run(self, *words: str) -> Any:
        """The command to its end; the JSON it prints."""
        self.do(*words, "--json")
        return json.loads((self.folder / f"{words[0]}.out").read_text())

    def do(self, *words: str) -> None:
        assert self.start(*words).wait(PATIENCE_SECONDS) == 0, self.said()

    def said(self) -> str:
        return (self.folder / "said.txt").read_text()[-3_000:]

    def kill(self, process: subprocess.Popen[bytes], name: str) -> None:
        if process.poll() is None:
            process.kill()
            self.kills[name] += 1
        process.wait()

    def kill_postmaster(self) -> None:
        """As the machine's memory killer does it: the server and its children, no word to anybody."""
        recorded = self.data / "postgres" / "data" / "postmaster.pid"
        os.kill(int(recorded.read_text().split()[0]), signal.SIGKILL)
        self.kills["postmaster"] += 1


class Edge:
    """`huitou serve --only edge`, started again by whoever killed it."""

    def __init__(self, house: House, now: str) -> None:
        self.house = house
        self.words = ("serve", "--only", "edge", "--port", str(house.port), "--now", now)
        self.process = house.start(*self.words)

    def kill(self) -> None:
        self.house.kill(self.process, "edge")
        self.process = self.house.start(*self.words)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@contextmanager
def running_edge(house: House, now: str) -> Iterator[Edge]:
    edge = Edge(house, now)
    try:
        yield edge
    finally:
        edge.stop()


class Feeder(threading.Thread):
    """Posts the events in batches as an SDK does: the same batch again until it is answered 2xx."""

    def __init__(self, house: House, events: Sequence[dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self.house = house
        self.batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
        self.acknowledged: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self.failure = ""
        self.tries = 0

    def run(self) -> None:
        address = f"http://127.0.0.1:{self.house.port}/v1/batch"
        deadline = time.monotonic() + 12 * PATIENCE_SECONDS
        with httpx.Client(auth=(KEY, ""), timeout=30) as http:
            for batch in self.batches:
                while not self._post(http, address, batch):
                    if time.monotonic() > deadline or self.failure:
                        self.failure = self.failure or "the edge did not come back"
                        return
                    time.sleep(0.05)

    def _post(self, http: httpx.Client, address: str, batch: Sequence[dict[str, Any]]) -> bool:
        self.tries += 1
        try:
            answer = http.post(address, json={"batch": batch})
        except httpx.TransportError:
            return False
        if answer.status_code in (429, 500, 502, 503):
            return False
        if answer.status_code != 200:
            self.failure = f"{answer.status_code} {answer.text[:300]}"
            return False
        self.acknowledged += [event["messageId"] for event in batch]
        return True

    def wait_for(self, count: int) -> None:
        """Until so many events are acknowledged, or the feeder is done."""
        wait_until(lambda: len(self.acknowledged) >= count or not self.is_alive())

    def finish(self) -> None:
        self.join(12 * PATIENCE_SECONDS)
        assert not self.is_alive()
        assert self.failure == ""


def wait_until(is_so: Callable[[], bool], seconds: float = 3 * PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def count_lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def moments(chance: random.Random, total: int, count: int) -> Iterable[int]:
    """`count` moments of a work of `total` steps, one at random in each equal part."""
    step = max(total // (count + 1), 1)
    return [number * step + chance.randint(1, step) for number in range(count)]
