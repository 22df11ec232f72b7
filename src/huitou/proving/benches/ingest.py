"""Events a second through HTTP into the journal, each durable before its 2xx; load generator on the same machine.

Floor: the same server and decoder with a committer that answers at once and stores nothing.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from huitou.kit.errors import Unavailable
from huitou.proving.benches import Figure

RUNS = 3
BATCHES, SINGLES = 60_000, 10_000  # events a run
CONNECTIONS = {100: 16, 1: 64}  # by events a request


def measure_batches(size: int | None, folder: Path) -> Figure:
    """Events a second in batches of 100 over 16 connections."""
    return _measure("ingest", size or BATCHES, 100, folder)


def measure_singles(size: int | None, folder: Path) -> Figure:
    """Requests a second of one event each over 64 connections."""
    return _measure("ingest-single", size or SINGLES, 1, folder)


def _measure(name: str, size: int, batch: int, folder: Path) -> Figure:
    began = time.perf_counter()
    durable, floor = [], []
    with _server(folder / "durable") as real, _server(folder / "floor", "--floor") as bare:
        for run in range(-1, RUNS):  # the first warms up
            measured = [_load(port, size if run >= 0 else size // 10, batch) for port in (real.port, bare.port)]
            if run >= 0:
                durable.append(measured[0])
                floor.append(measured[1])
        rss = _highest_rss(real.pid)
    figure, least = median(durable), median(floor)
    notes: dict[str, Any] = {
        "batch": batch,
        "connections": CONNECTIONS[batch],
        "fsync_per_s": round(count_fsyncs(folder)),
        "all_runs": [round(one) for one in durable],
        "floor_is": "the same HTTP and decoding, nothing stored",
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }
    unit = "events/s" if batch > 1 else "requests/s"
    seconds = round(time.perf_counter() - began, 1)
    return Figure(name, round(figure), unit, round(least), round(figure / least, 3), size, RUNS, seconds, rss, notes)


class _Running:
    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid


@contextmanager
def _server(folder: Path, *flags: str) -> Iterator[_Running]:
    """The edge in a process of its own, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "huitou.proving.benches.ingest_server", str(folder), str(port), *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_until_open(port, process)
        yield _Running(port, process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    process.kill()
    said = (process.communicate()[1] or b"").decode(errors="replace")[-500:]
    raise Unavailable({"zh": f"测量用的服务没有起来：{said}", "en": f"the bench's server did not come up: {said}"})


def _load(port: int, size: int, batch: int) -> float:
    """Events a second, as a load generator in its own process measures them."""
    command = [
        sys.executable,
        "-m",
        "huitou.proving.benches.http_load",
        str(port),
        str(size),
        str(batch),
        str(CONNECTIONS[batch]),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise Unavailable(
            {"zh": f"发送方出错：{run.stderr[-500:]}", "en": f"the load generator failed: {run.stderr[-500:]}"}
        )
    told = json.loads(run.stdout)
    return float(told["events"] / told["seconds"])


def count_fsyncs(folder: Path, seconds: float = 0.5) -> float:
    """Writes of 4 KB made durable in a second, one after the other: what the disk allows."""
    path = folder / "fsync"
    with path.open("wb", buffering=0) as file:
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
            count += 1
        spent = time.perf_counter() - began
    path.unlink()
    return count / spent


def _highest_rss(pid: int) -> float:
    """MB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return round(int(line.split()[1]) / 1024, 1)
