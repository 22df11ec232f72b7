"""Thousands of idle connections keep nobody else from being answered."""

from __future__ import annotations

import resource
import socket
import time

import pytest

from huitou.asgi import server
from tests.edge.conftest import Process

IDLE = 600


def connect(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.settimeout(30)
    return made


def ask(one: socket.socket) -> bytes:
    one.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
    return one.recv(4_096)


def test_idle_and_kept_connections_leave_room_for_others(process: Process) -> None:
    idle = [connect(process.port) for _ in range(IDLE)]
    for one in idle[::2]:
        assert b" 200 " in ask(one)[:20]
    started = time.monotonic()
    with connect(process.port) as other:
        assert b" 200 " in ask(other)[:20]
    assert time.monotonic() - started < 10  # the idle ones are ended after 15 s
    for one in idle:
        one.close()


def test_a_head_that_is_too_large_is_refused_before_it_is_held(process: Process) -> None:
    """Thousands of connections with heads of 400 KB would be gigabytes."""
    with connect(process.port) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\nx-a: " + b"b" * (server.LARGEST_HEAD - 1_000) + b"\r\n\r\n")
        assert b" 200 " in one.recv(4_096)[:20]
    with connect(process.port) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\nx-a: " + b"b" * (server.LARGEST_HEAD + 1_000))
        assert b" 431 " in one.recv(4_096)[:20]


@pytest.mark.parametrize(
    ("soft", "hard", "room"),
    [(1_024, 65_536, 20_000), (1_024, 4_096, 3_840), (256, 256, 64), (65_536, 1_048_576, 20_000)],
)
def test_the_limit_of_files_is_raised_as_far_as_it_may(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, room: int
) -> None:
    limits = [soft, hard]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.__setitem__(slice(None), new))
    assert server.make_room() == room
    assert limits[0] == max(soft, min(hard, server.WANTED_FILES))
    assert server.head_patience(room) == (server.HASTE if room < 3_840 else server.HEAD_PATIENCE)
