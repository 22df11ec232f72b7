"""Bring a file in: recognise, read, validate, journal; every row ends accepted, duplicate, quarantined or rejected.

Batches are committed as they go; a file cut off in the middle is simply imported again: what is in is a duplicate.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from huitou.events.connectors import find_connector
from huitou.events.connectors.base import Options, Record
from huitou.events.journal import Outcome, append_batch
from huitou.events.model import Event
from huitou.events.reading import OpenFile, read_apart
from huitou.events.rejected_rows import RejectedRows
from huitou.events.segment import read_segment
from huitou.events.shops import FindShops, ShopNames
from huitou.events.versions import number_versions
from huitou.kit import clock
from huitou.kit.errors import Rejected
from huitou.kit.text import Text

BATCH = 2_000  # records in one commit: short enough that ingest beside it is not held up
LARGEST_BATCH = 16 << 20  # bytes of them; two are held at once, each as objects of several times its size
MOST_REASONS = 1_000  # different ones that are counted apart: many name the value that they refuse
OTHER_REASONS: Text = {"zh": "其他原因", "en": "other reasons"}
OTHER_CONTENT = Rejected("", {"zh": "编号相同，内容不同", "en": "same id, other content"})

CONSENTS = ("consent_given", "consent_not_given", "consent_withdrawn")

Progress = Callable[[int], None]


@dataclass
class ImportResult:
    """What became of a file, counted in rows as the file counts them."""

    file: str
    format: str
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    rejected_file: str | None = None
    events: int = 0  # newly stored
    reasons: dict[str, int] = field(default_factory=dict)  # of the rejected, as said in English
    told: dict[str, Text] = field(default_factory=dict)  # the same reasons in every language
    mapping: dict[str, str] = field(default_factory=dict)  # role -> column, where it was guessed
    consents: dict[str, int] = field(default_factory=dict)  # given, not_given, withdrawn: how often its rows say so
    notes: list[Text] = field(default_factory=list)  # of the file as a whole: sheets left aside, rooms unnamed


def import_file(
    path: Path,
    options: Options | None = None,
    kind: str | None = None,
    progress: Progress | None = None,
    rejected_to: Path | None = None,
    language: str = "en",
    within: float | None = None,
    find_shops: FindShops = dict,
) -> ImportResult:
    """Refused where the file as a whole cannot be read, or takes longer than `within` seconds; bad rows go to a file with
    their reasons.

    That file stands beside the imported one, or in the folder `rejected_to`; its reasons are in that language.
    `find_shops` is asked where rows name their shop without its id.
    """
    options = options or Options()
    if kind:
        find_connector(kind)
    done = 0
    with (
        read_apart(path, options, kind, within) as reading,
        RejectedRows(path, rejected_to, language) as rejected,
        ThreadPoolExecutor(1, "import") as committer,
        few_collections(),
    ):
        result = ImportResult(str(path), reading.format, mapping=reading.mapping)
        waiting: _Batch | None = None
        # While one batch is committed the next is read: the database and we work at the same time.
        for batch in chain(_batches(reading, options, committer, ShopNames(find_shops)), [None]):
            if waiting is not None:
                _settle(waiting, result, rejected)
                done += sum(len(record.rows) for record in waiting.records)
                if progress:
                    progress(done)
            waiting = batch
    result.notes = reading.notes
    if rejected.path:
        result.rejected_file = str(rejected.path)
    return result


class _Batch(NamedTuple):
    records: list[Record]
    events: list[list[Event] | Rejected]  # of each record
    outcomes: Future[list[Outcome]]


def _batches(reading: OpenFile, options: Options, committer: Executor, shops: ShopNames) -> Iterator[_Batch]:
    while batch := [shops.place(record) for record in _take(reading)]:
        received_at = clock.now_us()
        read = [
            _with_column(_read_record(record, reading.format, received_at, options.currency), reading.mapping)
            for record in batch
        ]
        events = number_versions([event for one in read if not isinstance(one, Rejected) for event in one])
        yield _Batch(batch, read, committer.submit(append_batch, events, received_at))


def _take(reading: OpenFile) -> list[Record]:
    """The next records, few where they are large: a row may be of megabytes."""
    batch: list[Record] = []
    full = reading.size + LARGEST_BATCH
    for record in reading.records:
        batch.append(record)
        if len(batch) == BATCH or reading.size >= full:
            break
    return batch


def _settle(batch: _Batch, result: ImportResult, rejected: RejectedRows) -> None:
    """Wait until the batch is durable and count what became of its rows."""
    outcomes = iter(batch.outcomes.result())
    for record, read in zip(batch.records, batch.events, strict=True):
        if isinstance(read, Rejected):
            result.rejected += len(record.rows)
            _count_reason(read, len(record.rows), result)
            rejected.add(record, read)
        else:
            _count(record, list(islice(outcomes, len(read))), result, rejected)
            _count_consents(read, result)


def _count_reason(why: Rejected, rows: int, result: ImportResult) -> None:
    reason, told = why.reason, why.told
    if reason not in result.reasons and len(result.reasons) >= MOST_REASONS:
        reason, told = OTHER_REASONS["en"], OTHER_REASONS
    result.reasons[reason] = result.reasons.get(reason, 0) + rows
    result.told[reason] = told


def _count_consents(events: list[Event], result: ImportResult) -> None:
    for event in events:
        if event.name in CONSENTS:
            said = event.name.removeprefix("consent_")
            result.consents[said] = result.consents.get(said, 0) + 1


def _read_record(record: Record, source: str, received_at: int, currency: str | None = None) -> list[Event] | Rejected:
    if record.rejected is not None:
        return record.rejected
    try:
        return [read_segment(raw, source=source, received_at=received_at, currency=currency) for raw in record.events]
    except Rejected as why:
        return why


def _with_column(read: list[Event] | Rejected, mapping: Mapping[str, str]) -> list[Event] | Rejected:
    """Whoever mends the file looks for its own column: our word for it stands in brackets."""
    if not isinstance(read, Rejected):
        return read
    column = mapping.get(read.field, "")
    if not column or column == read.field or column.startswith("("):  # in brackets stands what no column says
        return read
    return Rejected(f"{column} ({read.field})", read.message)


def _count(record: Record, outcomes: list[Outcome], result: ImportResult, rejected: RejectedRows) -> None:
    """A row counts by the best that became of its events; whoever looks for a quarantined one finds it written down."""
    result.events += outcomes.count("accepted")
    rows = len(record.rows)
    if "accepted" in outcomes:
        result.accepted += rows
    elif "quarantined" in outcomes:
        result.quarantined += rows
        rejected.add(record, OTHER_CONTENT)
    else:
        result.duplicate += rows


@contextmanager
def few_collections() -> Iterator[None]:
    """Rows and events die by themselves; by default Python looks through them for cycles after every 700."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
