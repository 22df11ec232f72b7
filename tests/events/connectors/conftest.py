"""Small believable files, written as the sources write them, and what their connectors read from them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.events.connectors import find_connector, recognise
from huitou.events.connectors.base import Options, Record


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write text or bytes; `.gz` names are zipped."""

    def put(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        data = content.encode(encoding) if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return put


def read(path: Path, kind: str | None = None, **options: Any) -> list[Record]:
    """Everything the connector that recognises the file makes of it."""
    connector = recognise(path)
    if kind is not None:
        assert connector.name == kind
    return list(find_connector(connector.name).read(path, Options(**options)))


def events(records: list[Record]) -> list[dict[str, Any]]:
    return [event for record in records for event in record.events]


def rejections(records: list[Record]) -> list[tuple[int, str, str]]:
    """(row, field, reason) of the rejected."""
    return [(row, r.rejected.field, str(r.rejected)) for r in records if r.rejected for row in r.rows]
