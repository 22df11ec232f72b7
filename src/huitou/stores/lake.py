"""The lake: open tables of Parquet under one folder, Delta Lake by deltalake (delta-rs).

One folder per table. Never partitioned by columns: their types get lost on the way to the engines ('7' comes back
as 7). Every write is one atomic commit; a reader lists the files of one version and sees that version whole.

Writers of one table must not overlap: delta-rs does not enforce the transaction ids of two writers (measured: 32 rows
from 30 versions). Whoever calls `append`, `replace`, `delete`, `compact` or `vacuum` holds the ledger's advisory lock
of that table; readers need none.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa
from pyarrow import types

from huitou.kit.errors import HuitouError, Refused
from huitou.stores.personal import THING
from huitou.stores.torn import (
    MARK,
    drop_torn_checkpoint,
    drop_torn_commit,
    settle,
    settle_checkpoint,
    whole_version,
)
from huitou.stores.trouble import explain_system, first_line

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties

STATS = "delta.dataSkippingStatsColumns"
# Opening a table lists its log: 3 ms with 100 entries, 139 ms with 5,000, 847 ms with 20,000 (measured), and a live
# evening makes an entry a second. Entries older than this go at every hundredth commit; the data files stay.
LOG_KEPT = {"delta.logRetentionDuration": "interval 10 minutes"}
CHECKPOINT_EVERY = 100  # commits
LARGE = 64 * 1024 * 1024  # bytes; compaction makes files of about this size
# What delta-rs 1.6.6 cannot have in a local path: it panics, or writes to another folder.
UNREADABLE = re.compile(r"[\[\]^|\\]|%[0-9A-Fa-f]{2}")
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class LakeTable:
    """One table as its room declares it.

    `stats` names the columns whose smallest and largest value Delta may keep in its log, to skip files. That log
    outlives deleted rows, so no column that identifies a person belongs there. `personal` and `erased_by`: see personal.py.
    """

    name: str
    schema: pa.Schema
    stats: tuple[str, ...] = ()
    personal: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)
    erased_by: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        for field in self.schema:
            _check_name(field.name)
            if not _is_plain(field.type):
                raise ValueError(f"{self.name}.{field.name}: {field.type} does not read the same everywhere")
        if unknown := set(self.stats) - set(self.schema.names):
            raise ValueError(f"{self.name}: statistics of unknown columns {sorted(unknown)}")
        if told := {name for name in self.stats if self.personal.get(name, THING) != THING}:
            raise ValueError(f"{self.name}: statistics would keep persons in the log: {sorted(told)}")


class Lake:
    """The tables under one folder (`settings().lake`); holds no state, so it is free to make and to share.

    What the disk refuses, and a table that cannot be read, is raised as a HuitouError that says what to do.
    """

    def __init__(self, root: Path) -> None:
        if UNREADABLE.search(str(root)):
            raise Refused(
                {
                    "zh": f"数据文件夹的路径 {root} 不能用：请换一个不含 [ ] ^ | \\ 和 %20 之类字符的路径。",
                    "en": f"the data folder's path {root} cannot be used: choose one without [ ] ^ | \\ and %20",
                }
            )
        self.root = root

    def append(self, table: LakeTable, data: pa.Table, *, app: str | None = None, version: int | None = None) -> int:
        """Add the rows in one commit and return the table's new version; on return it survives a power cut.

        With `app` and `version` that transaction id is stored in the same commit (see `loaded_version`), which makes
        a load exactly once. Columns are matched by name, missing ones are NULL. ValueError where a column is unknown,
        does not fit the declared type, or where `version` is not above the loaded one.
        """
        from deltalake import write_deltalake

        if (app is None) != (version is None):
            raise ValueError("app and version go together")
        rows = fit(table, data)
        with self._writing(table) as delta:
            if app is not None and version is not None:
                loaded = _transaction_version(delta, app)
                if version <= loaded:
                    raise ValueError(f"{table.name}: {app} has loaded up to {loaded}, {version} would come twice")
            write_deltalake(
                delta,
                rows,
                mode="append",
                schema_mode="merge",
                commit_properties=_transaction(app, version),
                post_commithook_properties=_no_hooks(),
            )
        return int(delta.version())

    def replace(self, table: LakeTable, data: pa.Table, where: str | None = None) -> int:
        """Put the rows in place of those matching `where` (made by `equals` or `any_of`), or of the whole table.

        One commit: a reader sees the old rows or the new ones. ValueError where a new row does not match `where`.
        Returns the new version.
        """
        from deltalake import write_deltalake
        from deltalake.exceptions import DeltaError

        rows, hooks = fit(table, data), _no_hooks()
        with self._writing(table) as delta:
            try:
                write_deltalake(
                    delta,
                    rows,
                    mode="overwrite",
                    schema_mode="merge",
                    predicate=where,
                    post_commithook_properties=hooks,
                )
            except DeltaError as error:
                if "failed validation check" not in str(error):
                    raise
                # The library's own message shows the rows; whose they are does not belong in a log.
                raise ValueError(f"{table.name}: a new row does not match {where}") from None
        return int(delta.version())

    def delete(self, table: LakeTable, where: str) -> int:
        """Delete the matching rows; how many there were. They stay in old versions until `vacuum(keep_hours=0)`.

        The predicate itself is kept in the log for ever: name rows by opaque keys, not by a phone number.
        """
        if self.version(table) < 0:
            return 0
        with self._writing(table) as delta:
            return int(delta.delete(where, post_commithook_properties=_no_hooks())["num_deleted_rows"])

    def mend(self, table: LakeTable) -> bool:
        """Take away a newest commit that a power cut tore, which nobody was told of; whether there was one.

        Whoever adds from where `loaded_version` says that the table ends does this first.
        """
        with self._explained(table):
            return self._mend(table)

    def is_torn(self, table: LakeTable) -> bool:
        """Whether the newest commit is passed over, because it or a file of it is not whole."""
        with self._explained(table):
            return whole_version(self._folder(table)) is not None

    def loaded_version(self, table: LakeTable, app: str) -> int:
        """The `version` of the last append under `app`; -1 where there was none."""
        delta = self._open(table)
        return -1 if delta is None else _transaction_version(delta, app)

    def version(self, table: LakeTable) -> int:
        """The version in force; -1 where the table does not exist yet."""
        delta = self._open(table)
        return -1 if delta is None else int(delta.version())

    def files(self, table: LakeTable) -> list[str]:
        """Paths of the Parquet files of the version in force, in no particular order."""
        return self.snapshot(table)[1]

    def snapshot(self, table: LakeTable) -> tuple[int, list[str]]:
        """The version in force and its files, read together; (-1, []) where the table does not exist yet.

        The files stay until a `vacuum`, so the list can be read again with the same result.
        """
        delta = self._open(table)
        if delta is None:
            return -1, []
        with self._explained(table):
            # Delta hands out URLs: a space or a Chinese folder name arrives percent-encoded.
            return int(delta.version()), sorted(unquote(uri.removeprefix("file://")) for uri in delta.file_uris())

    def compact(self, table: LakeTable, *, above: int = 100) -> bool:
        """Merge the small files when there are more than `above` of them; whether it did."""
        with self._explained(table):
            small = [path for path in self.files(table) if Path(path).stat().st_size < LARGE // 2]
        if len(small) <= above:
            return False
        with self._writing(table) as delta:
            delta.optimize.compact(target_size=LARGE, post_commithook_properties=_no_hooks())
        return True

    def vacuum(self, table: LakeTable, *, keep_hours: int = 24) -> int:
        """Remove files that no version younger than `keep_hours` needs, those of killed writers too; how many.

        0 ends time travel now, and breaks reads that are under way: for erasures.
        """
        if self.version(table) < 0:
            return 0
        with self._writing(table) as delta:
            gone = delta.vacuum(
                keep_hours,
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
                post_commithook_properties=_no_hooks(),
            )
        return len(gone)

    def _folder(self, table: LakeTable) -> Path:
        return self.root / table.name

    def _open(self, table: LakeTable) -> DeltaTable | None:
        """The table as it is read: at its newest whole commit."""
        with self._explained(table):
            folder = self._folder(table)
            if not (folder / "_delta_log").is_dir():
                return None
            return _open_at(folder, whole_version(folder))

    @contextmanager
    def _writing(self, table: LakeTable) -> Iterator[DeltaTable]:
        """The table for its only writer; at the end of the block what was written survives a power cut."""
        with self._explained(table):
            self._mend(table)
            delta = self._writable(table)
            before = int(delta.version())
            yield delta
            self._settle(table, delta, before)

    def _mend(self, table: LakeTable) -> bool:
        folder = self._folder(table)
        return (folder / "_delta_log").is_dir() and drop_torn_commit(folder)

    @contextmanager
    def _explained(self, table: LakeTable) -> Iterator[None]:
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, OSError) as error:
            folder = self._folder(table)
            raise explain_system(error, folder) or _damaged(folder, error) from error

    def _writable(self, table: LakeTable) -> DeltaTable:
        """The table, made or brought to the declared columns and statistics first."""
        from deltalake import DeltaTable, Schema

        wanted = Schema.from_arrow(table.schema)
        stats = {STATS: ",".join(table.stats)}
        folder, hooks = self._folder(table), _no_hooks()
        delta = self._open(table)
        if delta is None:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            delta = DeltaTable.create(
                folder,
                schema=wanted,
                mode="ignore",
                configuration=stats | LOG_KEPT,
                post_commithook_properties=hooks,
            )
            self._settle(table, delta, -1)
            return delta
        before = int(delta.version())
        stored = {field.name: field.type for field in delta.schema().fields}
        for field in wanted.fields:
            if field.name in stored and stored[field.name] != field.type:
                raise ValueError(f"{table.name}.{field.name}: stored as {stored[field.name]}, not {field.type}")
        if missing := [field for field in wanted.fields if field.name not in stored]:
            delta.alter.add_columns(missing, post_commithook_properties=hooks)
        if delta.metadata().configuration.get(STATS) != stats[STATS]:
            delta.alter.set_table_properties(stats, post_commithook_properties=hooks)
        self._settle(table, delta, before)
        return delta

    def _settle(self, table: LakeTable, delta: DeltaTable, before: int) -> None:
        """Force to disk what was committed since the version `before`; at times shorten the log.

        delta-rs, left to itself, removes commits for which a checkpoint stands that may be lost with the power.
        """
        folder, version = self._folder(table), int(delta.version())
        if version > before:
            settle(folder, range(before + 1, version + 1))
        if (version + 1) // CHECKPOINT_EVERY > (before + 1) // CHECKPOINT_EVERY:
            delta.create_checkpoint()
            settle_checkpoint(folder, version)
            delta.cleanup_metadata()


def _open_at(folder: Path, version: int | None) -> DeltaTable | None:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if version == -1 or not DeltaTable.is_deltatable(folder):
        return None
    try:
        return DeltaTable(folder, version=version)
    except DeltaError:
        if not drop_torn_checkpoint(folder):
            raise
        return DeltaTable(folder, version=version)


def _damaged(folder: Path, error: BaseException) -> HuitouError:
    why = first_line(error)[:200]
    return Refused(
        {
            "zh": f"数据湖的表 {folder.name} 已损坏，读不了：请停止 huitou，再从备份恢复文件夹 {folder}。（{why}）",
            "en": f"the table {folder.name} of the lake is damaged and cannot be read: stop huitou and restore "
            f"the folder {folder} from a backup ({why})",
        },
        code="damaged_lake",
    )


def equals(column: str, value: str | int) -> str:
    """The predicate column = value, escaped."""
    _check_name(column)
    return f"{column} = {_literal(value)}"


def any_of(column: str, values: Iterable[str | int]) -> str:
    """The predicate column IN (values), escaped; matches nothing where there are none."""
    _check_name(column)
    listed = ", ".join(_literal(value) for value in values)
    return f"{column} IN ({listed})" if listed else "1 = 0"


def fit(table: LakeTable, data: pa.Table) -> pa.Table:
    """The rows in the declared columns and types; ValueError where a column is unknown or a value does not fit."""
    if unknown := set(data.column_names) - set(table.schema.names):
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    columns = []
    for field in table.schema:
        if field.name not in data.column_names:
            columns.append(pa.nulls(data.num_rows, field.type))
            continue
        try:
            columns.append(data.column(field.name).cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueError(f"{table.name}.{field.name}: {error}") from error
    return pa.table(columns, schema=table.schema)


def _literal(value: str | int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is not a string or an integer")
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _check_name(name: str) -> None:
    """Lower snake case, which no engine needs quoted; `at` is a reserved word in DuckDB 2."""
    if not NAME.fullmatch(name) or name == "at":
        raise ValueError(f"{name!r} is no name for a table or column")


def _is_plain(kind: pa.DataType) -> bool:
    """Types that Parquet, Delta, DuckDB and Spark read alike. No timestamps: time is int64 epoch microseconds."""
    if types.is_list(kind):
        return _is_plain(kind.value_type)
    if types.is_struct(kind):
        return all(_is_plain(kind.field(i).type) for i in range(kind.num_fields))
    if types.is_decimal128(kind):
        return True
    return kind in (pa.string(), pa.int32(), pa.int64(), pa.bool_(), pa.float64(), pa.date32(), pa.binary())


def _transaction(app: str | None, version: int | None) -> CommitProperties | None:
    from deltalake import CommitProperties, Transaction

    if app is None or version is None:
        return None
    return CommitProperties(custom_metadata={MARK: f"{app}:{version}"}, app_transactions=[Transaction(app, version)])


def _no_hooks() -> PostCommitHookProperties:
    """Checkpoints are made, and the log is shortened, by `Lake._settle`."""
    from deltalake import PostCommitHookProperties

    return PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


def _transaction_version(delta: DeltaTable, app: str) -> int:
    found = delta.transaction_version(app)
    return -1 if found is None else int(found)
