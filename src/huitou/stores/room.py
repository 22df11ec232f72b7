"""Whether a folder's disk takes what is about to be written, asked by writing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from huitou.kit.errors import Unavailable
from huitou.stores.trouble import explain_system

ROOM = 1024 * 1024  # bytes; a batch of events as large as the edge takes fits


def prove_room(folder: Path) -> None:
    """Prove that ROOM bytes can be put into `folder` (made where it is missing) and reach the disk; keeps nothing.

    Raises Unavailable where they cannot: full, over quota, read-only, forbidden or broken. Asking for the blocks
    sees quotas and what is kept for root, which the free space a file system reports does not.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(
            dir=folder
        ) as file:  # nameless where the file system can: nothing is left by a kill
            os.posix_fallocate(file.fileno(), 0, ROOM)
            file.write(b"1")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise explain_system(error, folder) or Unavailable(
            {"zh": f"{folder} 不能写入：{error.strerror}。", "en": f"cannot write to {folder}: {error.strerror}"}
        ) from error
