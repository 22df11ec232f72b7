"""The sources Huitou reads, one folder each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from huitou.events.connectors import customers, doudian, douyin, products, segment, table, wecom
from huitou.events.connectors.base import Connector
from huitou.events.connectors.files import Head, read_head, refuse_file
from huitou.events.connectors.tables import head_columns
from huitou.kit.errors import Refused

MODULES = (segment, douyin, doudian, wecom, products, customers, table)
CONNECTORS: dict[str, Connector] = {module.name: cast(Connector, module) for module in MODULES}


def find_connector(name: str) -> Connector:
    if name not in CONNECTORS:
        known = ", ".join(CONNECTORS)
        raise Refused({"zh": f"没有 {name!r} 这种格式;可用:{known}", "en": f"no format {name!r}; there are {known}"})
    return CONNECTORS[name]


def look_at(path: Path) -> Head:
    """The file's head with its columns; Refused where nothing could read it."""
    head = read_head(path)
    return replace(head, columns=head_columns(head))


def recognise(path: Path) -> Connector:
    """The connector surest of the file; Refused where none is."""
    head = look_at(path)
    sure = max(CONNECTORS.values(), key=lambda connector: connector.recognise(head))
    if sure.recognise(head) <= 0:
        known = ", ".join(CONNECTORS)
        raise refuse_file(path, f"认不出格式,请用 --as 指明:{known}", f"no known format: name one by --as ({known})")
    return sure
