"""How much a file from outside may cost: memory, time, what it unzips to, cells and parts.

A small file that asks for much is no export of any shop. Honest tables unzip to 10 to 40 times their size; the rest is
room. What is large because there is much in it is bounded by the machine only.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from huitou.events.connectors.refusals import refuse_file
from huitou.kit.errors import Refused

MB = 1 << 20
# Bytes at most; half of a smaller machine's. A workbook of 300,000 orders in 30 columns needs 1.35 GB.
MEMORY = 2 << 30
MEMORY_SETTING = "HUITOU_IMPORT_MEMORY"
SECONDS = 30  # of processor time for any file
# For each MB of it, four times and more of what the densest honest file took, by how it begins: a Parquet's MB holds a
# million rows, a gzip's a hundred times its size, a workbook's ten.
SECONDS_A_MB = {b"PAR1": 300, b"\x1f\x8b": 100, b"PK": 20}
SECONDS_A_MB_PLAIN = 10
UNZIPPED = 256 * MB  # any file may unzip to so much, a larger one to RATIO times its size
RATIO = 100
WORKBOOK_PARTS = 10_000  # files within a workbook
CELLS = 50_000_000  # within the corners of a workbook's sheets: all of them are held at once
ROWS = 1_000_000  # any Parquet file may claim so many, a larger one a row a byte: each has something of its own


class Bounds(msgspec.Struct, frozen=True):
    """Of one reading: bytes of memory, seconds of processor time; `patience` is how long its silence is borne."""

    memory: int
    seconds: int
    patience: int


def bounds_for(path: Path) -> Bounds:
    try:
        size, start = path.stat().st_size, _start_of(path)
    except OSError:  # the reader says so in its own words
        size, start = 0, b""
    seconds = SECONDS + _seconds_a_mb(start) * (size // MB)
    return Bounds(memory_allowed(), seconds, 2 * seconds)


def _start_of(path: Path) -> bytes:
    if not path.is_file():  # of a pipe or a device none is taken
        return b""
    with path.open("rb") as file:
        return file.read(4)


def _seconds_a_mb(start: bytes) -> int:
    return next((seconds for begins, seconds in SECONDS_A_MB.items() if start.startswith(begins)), SECONDS_A_MB_PLAIN)


def memory_allowed() -> int:
    """What HUITOU_IMPORT_MEMORY says (4GB, 800MB), else the default. Refused where it says no size."""
    said = os.environ.get(MEMORY_SETTING, "").strip()
    if not said:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return min(MEMORY, machine // 2)
    match = re.fullmatch(r"(\d+)\s*([MG])I?B?", said.upper())
    if not match or not int(match[1]):
        raise Refused(
            {
                "zh": f"{MEMORY_SETTING}={said} 不是内存大小，请写成 2GB 或 800MB。",
                "en": f"{MEMORY_SETTING}={said} is no size: write it like 2GB or 800MB",
            }
        )
    return int(match[1]) << {"M": 20, "G": 30}[match[2]]


def unzipped_allowed(size: int) -> int:
    return max(UNZIPPED, RATIO * size)


def in_words(size: int) -> str:
    return f"{size / (1 << 30):.3g} GB" if size >= 1 << 30 else f"{max(size // MB, 1)} MB"


def refuse_unzipped(path: Path, allowed: int) -> Refused:
    most = in_words(allowed)
    return refuse_file(
        path,
        f"解压后超过 {most}（这么小的压缩文件最多允许的大小）。请先解压，拆成几个文件再导入。",
        f"unzips to more than {most}, the most so small a file may. Unzip it, split it, and import the parts.",
        code="too_large",
    )


def refuse_parts(path: Path) -> Refused:
    return refuse_file(
        path,
        f"工作簿里有超过 {WORKBOOK_PARTS:,} 个部件。请把数据另存为 CSV 再导入。",
        f"the workbook has more than {WORKBOOK_PARTS:,} parts. Save its data as CSV, and import that.",
        code="too_large",
    )


def refuse_cells(path: Path) -> Refused:
    return refuse_file(
        path,
        f"工作表的范围超过 {CELLS:,} 个单元格（可能有内容在很远的行或列）。请删掉多余的行列，或另存为 CSV 再导入。",
        f"its sheets span more than {CELLS:,} cells; something may stand in a far-off row or column."
        " Delete what is not needed, or save it as CSV, and import that.",
        code="too_large",
    )


def refuse_rows(path: Path, rows: int) -> Refused:
    return refuse_file(
        path,
        f"声称有 {rows:,} 行，这么小的文件不可能有。请重新导出，或另存为 CSV 再导入。",
        f"claims {rows:,} rows, more than so small a file can hold. Export it anew, or save it as CSV, and import that.",
        code="too_large",
    )


def refuse_memory(path: Path, bounds: Bounds) -> Refused:
    most = in_words(bounds.memory)
    return refuse_file(
        path,
        f"读取需要的内存超过 {most}。请拆成几个文件，或另存为 CSV 再导入；机器内存充足时可用 {MEMORY_SETTING} 调高。",
        f"needs more than {most} of memory to read. Split it, or save it as CSV, and import that;"
        f" {MEMORY_SETTING} allows more where the machine has it.",
        code="too_large",
    )
