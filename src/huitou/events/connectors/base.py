"""What a connector is: one folder that turns one source's format into the neutral format.

To add a source copy a folder, write `recognise` and `read`, add it to `connectors.CONNECTORS`. A connector
only renames and converts; `events.segment.read_segment` is the one judge of what is valid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from huitou.events.connectors.files import Head
from huitou.events.connectors.tables import Table
from huitou.events.model import encode_json
from huitou.kit import clock
from huitou.kit.errors import Rejected
from huitou.kit.text import Text


@dataclass(frozen=True)
class Span:
    """When a broadcast was, epoch µs, as far as it is known."""

    started_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True)
class Options:
    """What the operator says where the file is silent (the flags of `huitou import`)."""

    mapping: Mapping[str, str] = field(default_factory=dict)  # role -> column
    event: str | None = None
    currency: str = "CNY"
    zone: str = "Asia/Shanghai"  # of times without offset
    time_default: int | None = None  # epoch µs for rows without a time
    broadcast: str | None = None
    shop: str | None = None
    spans: Mapping[str, Span] = field(default_factory=dict)  # broadcast -> when it was, for rows without a time


class Record(NamedTuple):
    """One fact of the file: the rows it was read from and the neutral events it makes, or why it makes none.

    `original` is what the rejected-rows file keeps: a `cells.Line`, a list of them (one a row), or a JSON value that
    the same connector would read again.
    """

    rows: tuple[int, ...]
    events: tuple[dict[str, Any], ...]
    rejected: Rejected | None
    original: Any


class Connector(Protocol):
    name: str  # also the source of its events, and what --as takes
    title: Text

    def recognise(self, head: Head) -> float:
        """How sure the connector is that the file is its own: 0 no … 1 certain."""

    def read(self, path: Path, options: Options) -> Iterator[Record]: ...


class GuessingConnector(Connector, Protocol):
    """A connector of tables that anybody may write: it guesses what the columns are, shows it, and takes --map."""

    def open_table(self, path: Path, options: Options) -> tuple[Table, dict[str, int]]:
        """The table and {role: column index}; Refused for a role or a column that does not exist."""

    def explained(self, columns: Sequence[str]) -> int:
        """How many of the columns the format has a use for."""


def reject(rows: tuple[int, ...], original: Any, field_name: str, zh: str, en: str) -> Record:
    return Record(rows, (), Rejected(field_name, {"zh": zh, "en": en}), original)


def stamp(at: int) -> int | str:
    """A time as neutral events carry it. Numbers are read six times as fast; small ones would be taken for seconds."""
    return at if at >= 10**14 else clock.to_iso(at)


STATE = "state:"  # begins the id of what may change and change back; `events.versions` ends it


def number_state(event: dict[str, Any], subject: Any, told: dict[str, dict[str, int]]) -> dict[str, Any]:
    """An event without a time gets an id made from its subject: repeats are duplicates, changes are versions.

    A list tells the price of a product and the consents of a person as they are. A hash of the content would take the
    return to an earlier price, or a second opt-out, for a duplicate. `told` remembers the rows of one file: a second,
    different row of a subject is a state of its own, so that the same file again is a duplicate.
    """
    if "timestamp" in event:
        return event
    of = hash_of(subject)
    contents = told.setdefault(of, {})
    content = hash_of({key: value for key, value in event.items() if key != "messageId"})
    return event | {"messageId": f"{STATE}{of}:{contents.setdefault(content, len(contents)):04}"}


def hash_of(content: Any) -> str:
    """The id of an event that has none: equal content, equal id, in any order of its keys."""
    return hashlib.blake2b(encode_json(content), digest_size=12).hexdigest()
