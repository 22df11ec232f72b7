"""What the machine below refuses (disk, files, PostgreSQL, Delta, DuckDB), as one sentence that says what to do.

Each library words the system's errors in its own way: delta-rs writes "(os error 28)", PostgreSQL and DuckDB the
system's text. The number is found in all of them, so that a full disk is a full disk whoever met it.
"""

from __future__ import annotations

import errno
import os
import re

import psycopg

from huitou.kit.errors import HuitouError, Refused, Unavailable
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
MISSING: Text = {
    "zh": "找不到文件或文件夹：数据文件夹可能不完整，请检查路径，必要时从备份恢复",
    "en": "a file or folder is missing: check the path; where the data folder is not whole, restore it from a backup",
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
    errno.ENOENT: MISSING,
    errno.EMFILE: CROWDED,
    errno.ENFILE: CROWDED,
}


def explain(error: BaseException) -> HuitouError | None:
    """What to tell a person whose command or page met this error of the machine below; None where it is a mistake of ours.

    Looks through groups of errors and through whatever they were raised from.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, BaseExceptionGroup):
            seen = seen.exceptions[0]
            continue
        if told := _explain_one(seen):
            return told
        seen = seen.__cause__
    return None


def _explain_one(error: BaseException) -> HuitouError | None:
    if isinstance(error, HuitouError):
        return error
    if isinstance(error, LEDGER_TROUBLE):
        return explain_ledger(error)
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return Unavailable(
            {
                "zh": "内存不够：请关闭别的程序，或减少数据量后再试。",
                "en": "out of memory: close other programs, or ask for less",
            }
        )
    if isinstance(error, OSError | duckdb.IOException):
        return explain_system(error)
    return None


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


# A statement that is wrong, or breaks a constraint, is a mistake of ours and not among them.
LEDGER_TROUBLE = (
    psycopg.OperationalError,
    psycopg.InternalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.InsufficientPrivilege,
)


def explain_ledger(error: psycopg.Error) -> HuitouError:
    """The sentence for an error of PostgreSQL or of the way to it; never with a password or a row in it."""
    if isinstance(error, psycopg.errors.DiskFull | psycopg.errors.IoError) and (told := explain_system(error)):
        return told
    if isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted | psycopg.errors.UndefinedFile):
        return Refused(
            {
                "zh": f"数据库文件已损坏：请停止 huitou，再从备份恢复数据文件夹。（{first_line(error)}）",
                "en": "the database's files are damaged: stop huitou and restore the data folder from a backup "
                f"({first_line(error)})",
            },
            code="damaged_database",
        )
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
            {
                "zh": f"连不上数据库，请检查它是否在运行、DATABASE_URL 是否正确：{first_line(error)}",
                "en": f"cannot reach the database: {first_line(error)}. Does it run, and is DATABASE_URL right?",
            }
        )
    return Unavailable({"zh": f"数据库出错：{first_line(error)}", "en": f"the database failed: {first_line(error)}"})


def first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
