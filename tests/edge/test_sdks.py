"""Unmodified SDKs pointed at a real edge lose nothing and duplicate nothing, also where it is killed between retries."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from huitou.events.model import decode_event
from tests.edge.conftest import KEY, Process, clean_env, free_port

SDKS = Path(__file__).parent / "sdks"
NODE = Path.home() / ".cache" / "huitou-test-sdks"
PACKAGES = ("@segment/analytics-node@3.1.0", "@rudderstack/rudder-sdk-node@3.0.13")
COUNT = 60


@pytest.fixture(scope="session")
def node() -> Path:
    """The folder with the npm packages, installed once a machine."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("npm and node are not installed: the Node SDKs are NOT tested")
    NODE.mkdir(parents=True, exist_ok=True)
    with (NODE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (NODE / "node_modules" / ".installed").exists():
            command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(NODE), *PACKAGES]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot install the SDKs, they are NOT tested: {done.stderr[-300:]}")
            (NODE / "node_modules" / ".installed").touch()
    return NODE


def python() -> dict[str, list[str]]:
    return {name: [sys.executable, str(SDKS / f"{name}.py")] for name in ("segment_python", "rudder_python")}


def javascript() -> dict[str, list[str]]:
    return {name: ["node", str(SDKS / f"{name}.mjs")] for name in ("segment_node", "rudder_node")}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("programs", [python(), javascript()], ids=["python", "node"])
def test_no_sdk_loses_anything_while_the_edge_is_killed_and_restarted(
    programs: dict[str, list[str]], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Embedded ledger, same data folder, same port: kill -9 in the middle of the events of both SDKs."""
    folder = request.getfixturevalue("node") if "segment_node" in programs else tmp_path
    edge = Process(free_port(), clean_env(), tmp_path / "data")
    edge.start()
    try:
        senders = {}
        for place, (name, program) in enumerate(programs.items()):  # the events of each are numbered from its hundred
            command = [*program, edge.url, KEY, str(COUNT), str(100 * place)]
            senders[name] = subprocess.Popen(
                command, cwd=folder, env=clean_env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        time.sleep(0.7)
        edge.kill()
        assert not edge.is_open()
        time.sleep(0.3)
        edge.start()
        for name, sender in senders.items():
            said, _ = sender.communicate(timeout=120)
            assert sender.returncode == 0, (name, said)
        expected = [number for place in range(len(senders)) for number in range(100 * place, 100 * place + COUNT)]
        assert _stored(tmp_path / "data") == Counter(expected)
    finally:
        print(edge.finish())  # noqa: T201 - shown where the test fails


def _stored(data: Path) -> Counter[int]:
    from huitou.stores.postgres import start_postgres

    server = start_postgres(data / "postgres")
    try:
        with psycopg.connect(server.dsn) as connection:
            rows = connection.execute("SELECT body FROM journal").fetchall()
        return Counter(decode_event(bytes(body)).properties["n"] for (body,) in rows)
    finally:
        server.stop()
