"""A disk that is full, for real: a file system of a few megabytes, mounted by root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from huitou.kit.errors import Unavailable
from huitou.stores.ledger import prove_writable
from huitou.stores.postgres import start_postgres
from huitou.stores.postgres_cluster import did_not_start
from huitou.stores.room import prove_room

FULL = "the disk is full: make room, and everything goes on by itself"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """120 MB: a new ledger takes about 90."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=120m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("only root, where mounting is allowed, has a disk to fill")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    for size in (1 << 20, 1 << 12):
        try:
            while True:
                os.write(descriptor, b"0" * size)
        except OSError:
            continue
    os.close(descriptor)
    return filler


def test_a_full_disk_stores_nothing_until_there_is_room_again(small_disk: Path) -> None:
    with start_postgres(small_disk / "postgres") as running, psycopg.connect(running.dsn) as connection:
        prove_writable(connection)
        prove_room(small_disk / "lake")
        filler = fill(small_disk)
        with pytest.raises(Unavailable, match=FULL):
            prove_writable(connection)
        with pytest.raises(Unavailable, match=FULL):
            prove_room(small_disk / "lake")
        filler.unlink()
        prove_writable(connection)
        prove_room(small_disk / "lake")
    assert list((small_disk / "lake").iterdir()) == []


def test_a_folder_that_is_a_file_has_no_room(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("")
    with pytest.raises(Unavailable, match="a part of the path is a file, not a folder"):
        prove_room(tmp_path / "lake")


def test_a_database_that_finds_no_room_to_start_is_not_called_damaged(tmp_path: Path) -> None:
    """It asks for 16 MB where a megabyte is still free; whoever restored a backup then would lose what is newer."""
    (tmp_path / "postgres.log").write_text(
        'LOG:  database system was interrupted\nPANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device\n'
    )
    assert FULL in str(did_not_start(tmp_path, 0))
    assert "may be damaged" in str(did_not_start(tmp_path, 120))
