"""What the machine below refuses (disk, files, PostgreSQL, Delta, DuckDB), as one sentence that says what to do.

Each library words the system's errors in its own way: delta-rs writes "(os error 28)", PostgreSQL and DuckDB the
system's text. The number is found in all of them, so that a full disk is a full disk whoever met it.
"""

from __future__ import annotations

import errno
import os
import re

import psycopg

from huitou.kit.errors import HuitouError, Unavailable
from huitou.kit.text import Text

OS_NUMBER = re.compile(r"\(os error (\d+)\)")
FULL: Text = {
    "zh": "磁盘已满：请腾出空间，之后会自动继续，已确认的数据不会丢失",
    "en": "the disk is full: make room, and everything goes on by itself; nothing that was confirmed is lost",
}
FORBIDDEN: Text = {
    "zh": "没有权限：请换用数据文件夹所属的用户，或用 --data 另选一个文件夹",
    "en": "permission denied: run as the user who owns the data folder, or choose another with --data",
}
NO_FOLDER: Text = {
    "zh": "路径中有一段是文件而不是文件夹：请用 --data 另选一个文件夹",
    "en": "a part of the path is a file, not a folder: choose another folder with --data",
}
BROKEN: Text = {
    "zh": "硬盘读写出错：请检查硬盘，必要时从备份恢复",
    "en": "the disk reports an error: check it, and restore from a backup where needed",
}
CROWDED: Text = {
    "zh": "打开的文件太多：请调高 ulimit -n",
    "en": "too many open files: raise ulimit -n",
}
SENTENCES: dict[int, Text] = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: {
        "zh": "文件系统是只读的：请以可写方式重新挂载，或用 --data 另选一个文件夹",
        "en": "the file system is read-only: mount it for writing, or choose another folder with --data",
    },
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.ENOTDIR: NO_FOLDER,
    errno.EEXIST: NO_FOLDER,
    errno.EIO: BROKEN,
    errno.EMFILE: CROWDED,
    errno.ENFILE: CROWDED,
}


def explain_system(error: BaseException, where: str | os.PathLike[str] = "") -> HuitouError | None:
    """The sentence for an error of the operating system, however it is wrapped; None where it is none that we know."""
    sentence = SENTENCES.get(_number(error))
    if sentence is None:
        return None
    place = str(where or getattr(error, "filename", None) or "")
    marks = {"zh": f"（{place}）。", "en": f" ({place})"} if place else {"zh": "。", "en": ""}
    return Unavailable({language: sentence[language] + marks[language] for language in sentence})


def _number(error: BaseException) -> int:
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = OS_NUMBER.search(str(error))
    if found:
        return int(found[1])
    return next((number for number in SENTENCES if os.strerror(number) in str(error)), 0)


def explain_ledger(error: psycopg.Error) -> HuitouError:
    """The sentence for an error of PostgreSQL or of the way to it; never with a password or a row in it."""
    if told := explain_system(error):
        return told
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return Unavailable(
            {
                "zh": "数据库是只读的，什么都存不下：请检查数据库的磁盘和 default_transaction_read_only。",
                "en": "the database is read-only, nothing can be stored: look at its disk and default_transaction_read_only",
            }
        )
    if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
        return Unavailable(
            {"zh": "数据库太忙，没有及时回答：请稍后再试。", "en": "the database is too busy: try again later"}
        )
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(
            {"zh": f"连不上数据库：{first_line(error)}", "en": f"cannot reach the database: {first_line(error)}"}
        )
    return Unavailable({"zh": f"数据库出错：{first_line(error)}", "en": f"the database failed: {first_line(error)}"})


def first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
