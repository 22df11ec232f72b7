"""What a connector is: one folder that turns one source's format into the neutral format.

To add a source copy a folder, write `recognise` and `read`, add it to `connectors.CONNECTORS`. A connector
only renames and converts; `events.segment.read_segment` is the one judge of what is valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from huitou.events.connectors.files import Head
from huitou.kit.errors import Rejected
from huitou.kit.text import Text


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


class Record(NamedTuple):
    """One fact of the file: the rows it was read from and the neutral events it makes, or why it makes none."""

    rows: tuple[int, ...]
    events: tuple[dict[str, Any], ...]
    rejected: Rejected | None
    original: Any  # as read, for the rejected-rows file


class Connector(Protocol):
    name: str  # also the source of its events, and what --as takes
    title: Text

    def recognise(self, head: Head) -> float:
        """How sure the connector is that the file is its own: 0 no … 1 certain."""

    def read(self, path: Path, options: Options) -> Iterator[Record]: ...


def reject(rows: tuple[int, ...], original: Any, field_name: str, zh: str, en: str) -> Record:
    return Record(rows, (), Rejected(field_name, {"zh": zh, "en": en}), original)
