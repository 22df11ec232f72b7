"""A campaign: commands come and go, and they, the keeper and the server are killed at random. Nothing may be lost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from huitou.stores.postgres import start_postgres

SECONDS = 40.0
COMMANDS_AT_ONCE = 4

# Each command writes one line per confirmed commit, so that what was promised is known after its death.
COMMAND = """
import os, pathlib, random, signal, sys, time
import psycopg
from huitou.kit.errors import Unavailable
from huitou.stores import postgres

folder, seed, seconds, promises = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), open(sys.argv[4], "a", 1)
chance, number, end = random.Random(seed), 0, time.monotonic() + seconds

def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass

def keepers():
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\\0")
        except OSError:
            continue
        if str(folder).encode() in words and any(word.endswith(b"postgres_keeper.py") for word in words):
            yield int(entry.parent.name)

while time.monotonic() < end:
    try:
        running = postgres.start_postgres(folder, tell=lambda message: None)
    except Unavailable:
        continue  # its keeper was killed while it started
    for _ in range(chance.randrange(1, 4)):
        key, number = f"{seed}-{number}", number + 1
        try:
            with psycopg.connect(running.dsn) as connection:
                connection.execute("INSERT INTO promised VALUES (%s)", (key,))
            promises.write(key + "\\n")
        except psycopg.Error:
            pass
    fate = chance.random()
    if fate < 0.15:
        kill(os.getpid())
    elif fate < 0.25 and (pid := postgres._postmaster(folder)):
        kill(pid)
    elif fate < 0.30:
        for pid in keepers():
            kill(pid)
    running.stop()
    time.sleep(chance.random() * 0.05)
"""


@pytest.mark.long
def test_what_was_confirmed_survives_any_kill(roomy: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="huitou-test-", dir=roomy) as name:
        folder, promises = Path(name) / "postgres", Path(name) / "promises"
        with start_postgres(folder) as running, psycopg.connect(running.dsn) as connection:
            connection.execute("CREATE TABLE promised (key text PRIMARY KEY)")
        _let_commands_come_and_go(folder, promises)
        with start_postgres(folder) as running, psycopg.connect(running.dsn) as connection:
            kept = {key for (key,) in connection.execute("SELECT key FROM promised").fetchall()}
        promised = set(promises.read_text().split())
        assert len(promised) > 50
        assert promised - kept == set()
        _wait_until_nothing_runs(folder)


def _let_commands_come_and_go(folder: Path, promises: Path) -> None:
    source = str(Path(__file__).parents[2] / "src")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, *sys.path])}
    running: list[subprocess.Popen[bytes]] = []
    end, seed = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        running = [command for command in running if command.poll() is None]
        while len(running) < COMMANDS_AT_ONCE:
            seed += 1
            words = [sys.executable, "-c", COMMAND, str(folder), str(seed), str(end - time.monotonic()), str(promises)]
            running.append(subprocess.Popen(words, env=environment))
        time.sleep(0.02)
    for command in running:
        command.wait(60)


def _wait_until_nothing_runs(folder: Path) -> None:
    def left() -> list[str]:
        found = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False)
        return found.stdout.split()

    deadline = time.monotonic() + 15
    while left():
        assert time.monotonic() < deadline, left()
        time.sleep(0.1)
