"""`huitou check`: is everything there that the house needs, and is it as it should be?"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import typer

from huitou.cli.common import AsJson, Data, Now, explained, out, print_json, put_in_force, refusals, say_text
from huitou.kit.clock import SECOND, SystemClock
from huitou.kit.settings import settings
from huitou.kit.text import Text

ROOM_LEFT = 1024**3  # bytes; with less the next load or the database may not finish
PATIENCE = 5.0  # seconds for a server to answer
MOST_SKEW = 120  # seconds between this machine's clock and another's
State = Literal["good", "warning", "bad"]
MARKS = {"good": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "bad": "[red]✗[/red]"}


@dataclass(frozen=True)
class Finding:
    """What was found of one thing. Bad is what keeps the house from doing its work."""

    name: str
    state: State
    message: Text


def run_check(as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Check Python, disk, database, lake, mail server, public address and clock; status 1 where something is wrong.

    Warnings (nothing set up yet) leave the status at 0.
    """
    with refusals():
        put_in_force(data, now)
        findings = [examine(check) for check in CHECKS]
    if as_json:
        print_json({"ok": is_well(findings), "findings": findings})
    else:
        for finding in findings:
            out.print(f"{MARKS[finding.state]} {finding.name:<10}", end="")
            out.print(say_text(finding.message), markup=False)
    if not is_well(findings):
        raise typer.Exit(1)


def is_well(findings: list[Finding]) -> bool:
    return all(finding.state != "bad" for finding in findings)


def examine(check: Callable[[], Finding]) -> Finding:
    """A check that itself is refused something has found something."""
    try:
        return check()
    except Exception as error:
        return Finding(check.__name__.removeprefix("check_"), "bad", explained(error).message)


def check_python() -> Finding:
    """Which one it is; an older one than 3.11 does not come so far."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "good", {"zh": version, "en": version})


def check_disk() -> Finding:
    """The data folder (or where it would be made) can be written to and has room."""
    from huitou.stores.room import prove_room

    folder = next(one for one in (settings().data, *settings().data.parents) if one.exists())
    prove_room(folder)
    free = shutil.disk_usage(folder).free
    state: State = "good" if free >= ROOM_LEFT else "bad"
    left = f"{free / 1024**3:,.1f} GiB"
    return Finding("disk", state, {"zh": f"{folder} 还剩 {left}", "en": f"{folder}: {left} free"})


def check_database() -> Finding:
    """It answers, is new enough (ledger refuses an older one), and keeps what it confirmed."""
    from huitou.stores.ledger import connect

    with connect(autocommit=True) as connection:
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
        known = {name: str(connection.execute(f"SHOW {name}").fetchall()[0][0]) for name in names}
    where = {"zh": "内嵌", "en": "embedded"} if settings().database_url is None else {"zh": "外部", "en": "your own"}
    version = known.pop("server_version")
    off = [name for name, value in known.items() if value == "off"]
    if off:
        named = ", ".join(off)
        lost = {"zh": f"{named} 关闭：断电会丢已确认的数据", "en": f"{named} off: a power cut loses confirmed data"}
        return Finding("database", "bad", lost)
    return Finding(
        "database",
        "good",
        {"zh": f"PostgreSQL {version}({where['zh']})", "en": f"PostgreSQL {version} ({where['en']})"},
    )


def check_lake() -> Finding:
    """Every table that exists opens, and its files are there."""
    from huitou.customers.lake_tables import PORTRAITS, VISIT_PRODUCTS, VISITS
    from huitou.decisions.lake_tables import DECISIONS
    from huitou.events.lake_tables import EVENTS, ORDER_LINES
    from huitou.stores.lake import Lake

    lake, found = Lake(settings().lake), 0
    for table in (EVENTS, ORDER_LINES, VISITS, VISIT_PRODUCTS, PORTRAITS, DECISIONS):
        if lake.is_torn(table):
            torn = {
                "zh": f"{table.name} 最近一次写入不完整（断电，或缺文件）：读取时跳过，下次写入时修复",
                "en": f"{table.name}: what was written last is not whole (a power cut, or a file is missing); "
                "it is passed over, and mended by the next write",
            }
            return Finding("lake", "bad", torn)
        files = lake.files(table)
        gone = [file for file in files if not os.access(file, os.R_OK)]
        if gone:
            return Finding(
                "lake", "bad", {"zh": f"{table.name} 缺文件 {gone[0]}", "en": f"{table.name} lacks {gone[0]}"}
            )
        found += bool(files)
    if not found:
        return Finding("lake", "good", {"zh": "还是空的", "en": "empty so far"})
    return Finding("lake", "good", {"zh": f"{found} 张表可读", "en": f"tables that can be read: {found}"})


def check_mail() -> Finding:
    """The mail server greets; nothing is sent."""
    url = settings().smtp_url
    if not url:
        unset = {"zh": "没有设置 HUITOU_SMTP_URL，邮件不会发出", "en": "HUITOU_SMTP_URL is not set: no mail goes out"}
        return Finding("mail", "warning", unset)
    from huitou.delivery.channels.email.session import read_relay

    read_relay(url)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (465 if parts.scheme == "smtps" else 25)
    try:
        with socket.create_connection((host, port), PATIENCE) as connection:
            greeting = "220" if parts.scheme == "smtps" else connection.recv(512).decode("utf-8", "replace").strip()
    except OSError as error:
        return Finding("mail", "bad", {"zh": f"{host}:{port} 连不上：{error}", "en": f"{host}:{port}: {error}"})
    if not greeting.startswith("220"):
        said = greeting[:100]
        return Finding(
            "mail", "bad", {"zh": f"{host}:{port} 不是邮件服务器：{said}", "en": f"{host}:{port} said {said!r}"}
        )
    return Finding("mail", "good", {"zh": f"{host}:{port} 有应答", "en": f"{host}:{port} answers"})


def check_address() -> Finding:
    """Customers' clicks reach an edge."""
    import httpx

    url = settings().public_url
    try:
        answer = httpx.get(f"{url}/health", timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        unreached = {
            "zh": f"{url} 没有应答：{error}（服务没开？）",
            "en": f"{url}: {error} (is `huitou serve` running?)",
        }
        return Finding("address", "warning", unreached)
    if answer.status_code != 200:
        wrong = {"zh": f"{url}/health 答 {answer.status_code}", "en": f"{url}/health answers {answer.status_code}"}
        return Finding("address", "bad", wrong)
    return Finding("address", "good", {"zh": f"{url} 有应答", "en": f"{url} answers"})


def check_clock() -> Finding:
    """This machine's clock against the database's; one clock for both says nothing, and passes."""
    from huitou.stores.ledger import connect

    with connect(autocommit=True) as connection:
        before = time.monotonic()
        (theirs,) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchall()[0]
        spent = time.monotonic() - before
    skew = abs(float(theirs) - SystemClock().now_us() / SECOND) - spent
    if skew > MOST_SKEW:
        apart = {"zh": f"和数据库的时钟差 {skew:.0f} 秒", "en": f"{skew:.0f} s apart from the database's"}
        return Finding("clock", "bad", apart)
    return Finding("clock", "good", {"zh": "和数据库一致", "en": "agrees with the database's"})


CHECKS = (check_python, check_disk, check_database, check_lake, check_mail, check_address, check_clock)
