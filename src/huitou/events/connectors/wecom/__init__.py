"""WeCom live: who watched and how long (`living/get_watch_stat`), one page, several pages, or one page a line.

Source: developer.work.weixin.qq.com/document/path/93636. The answer names neither the broadcast nor a time:
both come from `--broadcast` and `--time-default`, else from a `livingid` saved beside it and the import's moment.
Employees who watched are no customers and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, reject, stamp
from huitou.events.connectors.documents import read_values
from huitou.events.connectors.files import Head
from huitou.kit.errors import Rejected

name = "wecom"
title = {"zh": "企业微信直播观看明细", "en": "WeCom live watch list"}


def recognise(head: Head) -> float:
    return float(any(isinstance(one, dict) and isinstance(one.get("stat_info"), dict) for one in head.samples))


def read(path: Path, options: Options) -> Iterator[Record]:
    for number, value, text in read_values(path):
        if isinstance(value, Rejected):
            yield Record((number,), (), value, text)
            continue
        for page in value if isinstance(value, list) else [value]:
            yield from _read_page(number, page, path, options)


def _read_page(number: int, page: Any, path: Path, options: Options) -> Iterator[Record]:
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
    broadcast = str(options.broadcast or page.get("livingid") or path.name.split(".")[0])
    for viewer in viewers or []:
        record = _read_viewer(number, viewer, broadcast, options)
        # Rejected, a viewer is kept as a page of its own, which can be mended and read again.
        kept = {"livingid": broadcast, "stat_info": {"external_users": [viewer]}}
        yield record._replace(original=kept)


def _read_viewer(number: int, viewer: Any, broadcast: str, options: Options) -> Record:
    if not isinstance(viewer, dict) or not viewer.get("external_userid"):
        return reject((number,), viewer, "external_userid", "缺失", "is missing")
    seconds = viewer.get("watch_time")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 0:
        return reject((number,), viewer, "watch_time", f"{seconds!r} 不是秒数", f"{seconds!r} is no number of seconds")
    person = str(viewer["external_userid"])
    events = [_track("live_left", broadcast, person, {"watch_seconds": seconds}, options)]
    if viewer.get("is_comment"):
        events.append(_track("live_commented", broadcast, person, {}, options))
    return Record((number,), tuple(events), None, viewer)


def _track(event: str, broadcast: str, person: str, properties: dict[str, Any], options: Options) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "type": "track",
        "event": event,
        "messageId": f"{broadcast}:{person}:{event}",
        "context": {"traits": {"external_userid": person}},
        "properties": {"broadcast_id": broadcast, **properties},
    }
    if options.time_default is not None:
        raw["timestamp"] = stamp(options.time_default)
    return raw
