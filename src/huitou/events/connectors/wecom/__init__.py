"""WeCom live: who watched and how long (`living/get_watch_stat`), one page, several pages, or one page a line.

Source: developer.work.weixin.qq.com/document/path/93636. The answer names neither the broadcast nor a time: the one comes
from a `livingid` saved beside it, else from `--broadcast`; the times follow from when that was (`events.placing`).
Employees who watched are no customers and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, reject
from huitou.events.connectors.documents import read_values
from huitou.events.connectors.files import Head
from huitou.kit.errors import Rejected

name = "wecom"
title = {"zh": "企业微信直播观看明细", "en": "WeCom live watch list"}

LONGEST = 10_000_000  # seconds; no broadcast lasts a third of a year


def recognise(head: Head) -> float:
    return float(any(isinstance(one, dict) and isinstance(one.get("stat_info"), dict) for one in head.samples))


def read(path: Path, options: Options) -> Iterator[Record]:
    for number, value, text in read_values(path):
        if isinstance(value, Rejected):
            yield Record((number,), (), value, text)
            continue
        for page in value if isinstance(value, list) else [value]:
            yield from _read_page(number, page, options)


def _read_page(number: int, page: Any, options: Options) -> Iterator[Record]:
    if not isinstance(page, dict) or not isinstance(page.get("stat_info"), dict):
        yield reject((number,), page, "stat_info", "缺失", "is missing")
        return
    if page.get("errcode"):
        yield reject((number,), page, "errcode", f"是 {page['errcode']}", f"is {page['errcode']}")
        return
    viewers = page["stat_info"].get("external_users")
    if not isinstance(viewers, list | None):
        yield reject((number,), page, "external_users", "应为数组", "must be a list")
        return
    said = options.broadcast or page.get("livingid")
    named = {} if said in (None, "") else {"livingid": str(said)}
    for viewer in viewers or []:
        record = _read_viewer(number, viewer, named.get("livingid"))
        # Rejected, a viewer is kept as a page of its own, which can be mended and read again.
        yield record._replace(original={**named, "stat_info": {"external_users": [viewer]}})


def _read_viewer(number: int, viewer: Any, broadcast: str | None) -> Record:
    if not isinstance(viewer, dict) or not viewer.get("external_userid"):
        return reject((number,), viewer, "external_userid", "缺失", "is missing")
    seconds = _seconds(viewer.get("watch_time"))
    if seconds is None:
        said = viewer.get("watch_time")
        return reject((number,), viewer, "watch_time", f"{said!r} 不是秒数", f"{said!r} is no number of seconds")
    person = str(viewer["external_userid"])
    # The seconds are part of the id: a list fetched again after the broadcast knows more, and the largest counts.
    events = [_track("live_left", broadcast, person, {"watch_seconds": seconds}, f":{seconds}")]
    if viewer.get("is_comment") not in (None, False, 0, "0", ""):
        events.append(_track("live_commented", broadcast, person, {}))
    return Record((number,), tuple(events), None, viewer)


def _seconds(value: Any) -> int | None:
    """60, 60.0 and "60"; a fraction of a second is dropped."""
    if type(value) is int:
        return value if 0 <= value <= LONGEST else None
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return int(seconds) if 0 <= seconds <= LONGEST else None


def _track(
    event: str, broadcast: str | None, person: str, properties: dict[str, Any], version: str = ""
) -> dict[str, Any]:
    place = {} if broadcast is None else {"broadcast_id": broadcast}
    return {
        "type": "track",
        "event": event,
        "messageId": f"{broadcast}:{person}:{event}{version}",
        "context": {"traits": {"external_userid": person}},
        "properties": {**place, **properties},
    }
