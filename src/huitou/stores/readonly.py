"""A question that a person typed: one SELECT, answered in a process of its own that can do nothing else.

A process of its own because a single value can outgrow DuckDB's memory limit and ignore its interrupt (measured on
DuckDB 2.0: `SELECT range(1000000000)` under a limit of 300 MB took 20 GB and stopped 97 s late). The system bounds
that process in memory and in time; inside, DuckDB reaches the listed files only and its configuration is locked.
"""

from __future__ import annotations

import json
import re
import resource
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from huitou.kit.errors import Refused
from huitou.stores.duck import open_duckdb, quote
from huitou.stores.trouble import explain_system

LONGEST = 100_000  # characters of a question
TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}  # others read files, pointers or settings, or change them
OVERHEAD = 2 * 1024**3  # bytes of address space that Python, DuckDB and Arrow map before the first row
STARTING_S = 20.0  # seconds granted for that process to start on a busy machine
GRACE_S = 0.5  # seconds for DuckDB to notice by itself that the time is over
BATCH = 10_000  # rows
CUT = b"cut"
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


@dataclass(frozen=True)
class Given:
    """What may be asked about: `views` by name, the `files` they read, and the names of tables held in memory.

    `load(name, whole)` gives such a table, or only its columns where it is not `whole`.
    """

    views: dict[str, str]
    files: list[str]
    held: list[str]
    load: Callable[[str, bool], pa.Table]
    spill: Path


@dataclass(frozen=True)
class Limits:
    rows: int
    seconds: float
    memory: str


def ask(text: str, given: Given, limits: Limits) -> pa.Table:
    """The answer, at most `limits.rows` rows. Raises Refused with a reason a person can act on."""
    check_question(text)
    given.spill.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ask-", dir=given.spill) as name:
        folder = Path(name)
        order = {
            "sql": text,
            "views": given.views,
            "files": given.files,
            "held": given.held,
            "folder": name,
            "rows": limits.rows,
            "seconds": limits.seconds,
            "memory": limits.memory,
        }
        _hand_over(text, given, folder)
        _answer_apart(order, limits)
        with pa.OSFile(str(folder / "answer")) as file:
            return pa.ipc.open_file(file).read_all()


def is_cut(answer: pa.Table) -> bool:
    """Whether there were more rows than the answer holds."""
    return CUT in (answer.schema.metadata or {})


def check_question(text: str) -> None:
    """Raises Refused where the text is not one SELECT over named tables, by DuckDB's own parser."""
    if len(text) > LONGEST:
        raise _refused("问题太长。", "the question is too long")
    with duckdb.connect() as parser:
        row = parser.execute("SELECT json_serialize_sql($text)", {"text": text}).fetchone()
    parsed = json.loads(row[0]) if row else {}
    if parsed.get("error_type") == "not implemented":
        raise _refused("只能是一条 SELECT：这里只读。", "only a SELECT: nothing can be changed here")
    if parsed.get("error"):
        raise _refused(f"看不懂这条 SELECT：{parsed['error_message']}", f"not a SELECT: {parsed['error_message']}")
    if len(parsed["statements"]) != 1:
        raise _refused("一次只问一条 SELECT。", "ask one SELECT at a time")
    for node in _nodes(parsed):
        if node.get("type") == "TABLE_FUNCTION":
            name = str(node.get("function", {}).get("function_name", "?"))
            if name not in TABLE_FUNCTIONS:
                raise _refused(f"不能读取 {name}()：只能读这里的表。", f"{name}() is not allowed: read the tables here")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)


def _hand_over(text: str, given: Given, folder: Path) -> None:
    """Write the in-memory tables into `folder`; the rows of those only that the question or a view names."""
    words = set(re.findall(r"[a-z][a-z0-9_]*", " ".join((text, *given.views.values())).lower()))
    for name in given.held:
        table = given.load(name, name in words)
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)


def _answer_apart(order: dict[str, Any], limits: Limits) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "huitou.stores.readonly"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"},  # none of our secrets
    ) as process:
        try:
            said = _converse(process, json.dumps(order).encode(), limits.seconds)
        except subprocess.TimeoutExpired:
            raise _too_slow(limits) from None
        finally:
            process.kill()
    if process.returncode == TOO_SLOW:
        raise _too_slow(limits)
    if process.returncode == FAILED:
        if said.startswith("IO Error") and (told := explain_system(OSError(said))):
            raise told
        raise _refused(f"查询失败：{said}", said)
    if process.returncode != 0:
        # Out of its memory, or killed for it: nothing it printed then is for a person.
        raise _refused(
            f"查询需要的内存超过 {limits.memory}：请先汇总或加条件。",
            f"the question needs more than {limits.memory} of memory: aggregate or filter first",
        )


def _converse(process: subprocess.Popen[bytes], order: bytes, seconds: float) -> str:
    """Give the order, wait for the process to be ready, then at most so long for its end; what it said of errors."""
    assert process.stdin is not None
    process.stdin.write(order)
    process.stdin.close()
    process.stdin = None
    assert process.stdout is not None
    select.select([process.stdout], [], [], STARTING_S)
    _, said = process.communicate(timeout=seconds + GRACE_S)
    return said.decode("utf-8", "replace").strip()


def _too_slow(limits: Limits) -> Refused:
    return _refused(
        f"查询超过 {limits.seconds:g} 秒：请先汇总或加条件。",
        f"the question took longer than {limits.seconds:g} s: aggregate or filter first",
    )


def _refused(zh: str, en: str) -> Refused:
    return Refused({"zh": zh, "en": en})


# What follows runs in the process apart.

FAILED = 3
TOO_SLOW = 4
TOO_LARGE = 5


def _bytes(memory: str) -> int:
    number, unit = re.fullmatch(r"\s*([0-9.]+)\s*([KMG]i?B)\s*", memory, re.IGNORECASE).groups()  # type: ignore[union-attr]
    return int(float(number) * UNITS[unit.upper()])


def _bound_process(order: dict[str, Any]) -> None:
    """Limits that hold whatever DuckDB does, and whoever asked: an orphan ends by its processor time."""
    handed = sum((Path(order["folder"]) / name).stat().st_size for name in order["held"])
    space = _bytes(order["memory"]) + handed + OVERHEAD
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = int(order["seconds"] * 4 + STARTING_S)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _open(order: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """A database with the given tables, which can reach their files and nothing else, for good."""
    folder = Path(order["folder"])
    connection = open_duckdb(order["memory"], None, folder / "spill")
    for name in order["held"]:
        with pa.memory_map(str(folder / name)) as file:
            connection.register(name, pa.ipc.open_file(file).read_all())
    _create_views(connection, dict(order["views"]))
    paths = ", ".join(map(quote, order["files"]))
    for setting in (
        f"allowed_paths = [{paths}]",
        f"allowed_directories = [{quote(str(folder / 'spill'))}]",
        f"max_temp_directory_size = {quote(order['memory'])}",
        f"max_execution_time = {int(order['seconds'] * 1000)}",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def _create_views(connection: duckdb.DuckDBPyConnection, views: dict[str, str]) -> None:
    """In whatever order they build on one another."""
    while views:
        for name, text in list(views.items()):
            try:
                connection.execute(f"CREATE TEMP VIEW {name} AS {text}")
            except duckdb.CatalogException:
                continue
            break
        else:
            raise ValueError(f"views that build on nothing: {', '.join(sorted(views))}")
        del views[name]


def _answer(order: dict[str, Any]) -> None:
    connection = _open(order)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    reader = connection.sql(order["sql"]).to_arrow_reader(BATCH)
    left, schema, batches = order["rows"], reader.schema, []
    for batch in reader:
        batches.append(batch.slice(0, left))
        left -= batch.num_rows
        if left < 0:
            schema = schema.with_metadata({CUT: b"1"})
            break
    answer = pa.Table.from_batches(batches, reader.schema).replace_schema_metadata(schema.metadata)
    with pa.OSFile(f"{order['folder']}/answer", "wb") as file, pa.ipc.new_file(file, answer.schema) as writer:
        writer.write_table(answer)


def main() -> int:
    order = json.load(sys.stdin)
    try:
        _bound_process(order)
        _answer(order)
    except (duckdb.InterruptException, TimeoutError):
        return TOO_SLOW
    except (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError):
        return TOO_LARGE
    except (duckdb.Error, pa.ArrowException) as error:
        sys.stderr.write(str(error))
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
