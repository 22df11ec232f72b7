"""`huitou check`: is everything there that the house needs, and is a follow-up ready to start?"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from huitou.cli.common import AsJson, Data, Now, explained, out, print_json, put_in_force, refusals, say_text
from huitou.cli.language import tell
from huitou.cli.reach import CampaignFile
from huitou.kit.clock import SECOND, SystemClock
from huitou.kit.settings import settings
from huitou.kit.text import Text

ROOM_LEFT = 1024**3  # bytes; with less the next load or the database may not finish
PATIENCE = 5.0  # seconds for a server to answer
MOST_SKEW = 120  # seconds between this machine's clock and another's
State = Literal["good", "warning", "bad"]
if TYPE_CHECKING:
    from huitou.flows.readiness import Finding

MARKS = {"good": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "bad": "[red]✗[/red]"}


@dataclass(frozen=True)
class HouseFinding:
    """What was found of one thing. Bad is what keeps the house from doing its work, or a follow-up from starting."""

    name: str
    state: State
    message: Text
    todo: Text = field(default_factory=dict)


def run_check(
    broadcast: Annotated[
        str | None, typer.Argument(metavar="[BROADCAST]", help="Also: is its follow-up ready to start?")
    ] = None,
    campaign: CampaignFile = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Check Python, disk, database, lake, sending and clock; with a broadcast also its follow-up. Status 1 if something is wrong.

    Warnings (nothing set up yet) leave the status at 0. Nothing is sent and nothing is kept.

      huitou check B20 --campaign follow-up.toml
    """
    with refusals():
        put_in_force(data, now)
        _read_console_settings()
        findings = [examine(check) for check in CHECKS]
        if is_well(findings[: len(GROUND)]):
            findings += [*examine_all(check_sender), *examine_all(check_messages)]
            if broadcast is not None:
                findings += examine_all(lambda: check_start(broadcast, campaign), "start")
    if as_json:
        print_json({"ok": is_well(findings), "findings": findings})
    else:
        for finding in findings:
            print_finding(finding)
    if not is_well(findings):
        raise typer.Exit(1)


def print_finding(finding: HouseFinding) -> None:
    out.print(f"{MARKS[finding.state]} {finding.name:<14}", end="")
    out.print(say_text(finding.message), markup=False)
    if finding.state != "good" and finding.todo:
        out.print(f"{'':<16}{tell('→', '->')} {say_text(finding.todo)}", style="dim", markup=False)


def _read_console_settings() -> None:
    """What the console has set; where the database does not answer, its own check says so."""
    from huitou.admin.settings import refresh
    from huitou.stores.django import migrate

    with contextlib.suppress(Exception):
        migrate()
        refresh()


def is_well(findings: list[HouseFinding]) -> bool:
    return all(finding.state != "bad" for finding in findings)


def examine(check: Callable[[], HouseFinding]) -> HouseFinding:
    """A check that itself is refused something has found something."""
    return examine_all(lambda: [check()], check.__name__)[0]


def examine_all(check: Callable[[], list[HouseFinding]], name: str = "") -> list[HouseFinding]:
    """The same for a check that finds several things."""
    try:
        return check()
    except Exception as error:
        return [HouseFinding((name or check.__name__).removeprefix("check_"), "bad", explained(error).message)]


def check_python() -> HouseFinding:
    """Which one it is; an older one than 3.11 does not come so far."""
    version = ".".join(map(str, sys.version_info[:3]))
    return HouseFinding("python", "good", {"zh": version, "en": version})


def check_disk() -> HouseFinding:
    """The data folder (or where it would be made) can be written to and has room."""
    from huitou.stores.room import prove_room

    folder = next(one for one in (settings().data, *settings().data.parents) if one.exists())
    prove_room(folder)
    free = shutil.disk_usage(folder).free
    state: State = "good" if free >= ROOM_LEFT else "bad"
    left = f"{free / 1024**3:,.1f} GiB"
    return HouseFinding("disk", state, {"zh": f"{folder} 还剩 {left}", "en": f"{folder}: {left} free"})


def check_database() -> HouseFinding:
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
        return HouseFinding("database", "bad", lost)
    return HouseFinding(
        "database",
        "good",
        {"zh": f"PostgreSQL {version}（{where['zh']}）", "en": f"PostgreSQL {version} ({where['en']})"},
    )


def check_lake() -> HouseFinding:
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
            return HouseFinding("lake", "bad", torn)
        files = lake.files(table)
        gone = [file for file in files if not os.access(file, os.R_OK)]
        if gone:
            return HouseFinding(
                "lake", "bad", {"zh": f"{table.name} 缺文件 {gone[0]}", "en": f"{table.name} lacks {gone[0]}"}
            )
        found += bool(files)
    if not found:
        return HouseFinding("lake", "good", {"zh": "还是空的", "en": "empty so far"})
    return HouseFinding("lake", "good", {"zh": f"{found} 张表可读", "en": f"tables that can be read: {found}"})


def check_mail() -> HouseFinding:
    """The mail server greets, encrypts and lets us in; nothing is sent."""
    if not settings().smtp_url:
        unset = {
            "zh": "没有设置邮件服务器（HUITOU_SMTP_URL），邮件不会发出",
            "en": "HUITOU_SMTP_URL is not set: no mail goes out",
        }
        return HouseFinding("mail", "warning", unset)
    from huitou.flows.readiness.sending import check_mail_server, forget

    forget()  # whoever asks wants to know it of now
    return _told(check_mail_server(), "mail")


def check_sender() -> list[HouseFinding]:
    """Who mails are from, and the postal address at their foot; only where mails can go at all."""
    from huitou.flows.readiness.sending import check_postal_address
    from huitou.flows.readiness.sending import check_sender as check_address_of_sender

    if not settings().smtp_url:
        return []
    return [_told(check_address_of_sender()), _told(check_postal_address())]


def check_address() -> HouseFinding:
    """Customers' clicks reach an edge: by the form of the address, and by asking it."""
    import httpx

    from huitou.flows.readiness.sending import check_public_address

    formed, url = _told(check_public_address(), "address"), settings().public_url
    if formed.state == "bad":
        return formed
    try:
        with httpx.stream("GET", f"{url}/health", timeout=PATIENCE) as answer:  # whoever answers there may never end
            pass
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        unreached = {
            "zh": f"{url} 没有应答：{error}（服务没开？）",
            "en": f"{url}: {error} (is `huitou serve` running?)",
        }
        return HouseFinding("address", "warning", unreached)
    if answer.status_code != 200:
        wrong = {"zh": f"{url}/health 答 {answer.status_code}", "en": f"{url}/health answers {answer.status_code}"}
        return HouseFinding("address", "bad", wrong)
    if formed.state == "warning" and settings().smtp_url:
        return formed
    return HouseFinding("address", "good", {"zh": f"{url} 有应答", "en": f"{url} answers"})


def check_messages() -> list[HouseFinding]:
    """What keeps queued messages from going."""
    from huitou.flows.health import read_troubles
    from huitou.stores.django import migrate

    migrate()
    troubles = read_troubles()
    if not troubles:
        return [HouseFinding("messages", "good", {"zh": "没有卡住的消息", "en": "none is stuck"})]
    return [HouseFinding("messages", "bad" if one.is_grave else "warning", one.message, one.todo) for one in troubles]


def check_start(broadcast: str, file: Path | None) -> list[HouseFinding]:
    """Is the follow-up of a broadcast ready to start, with this campaign or the one it would take?"""
    from huitou.flows.follow_up import choose_campaign, look_ahead

    prospect = look_ahead(broadcast, choose_campaign(file, keep=False))
    said_already = ("sending", "public_address", "sender", "postal_address")
    return [_told(one) for one in prospect.findings if one.state == "stop" or one.name not in said_already]


def _told(found: Finding, name: str = "") -> HouseFinding:
    return HouseFinding(name or found.name, "bad" if found.state == "stop" else found.state, found.message, found.todo)


def check_clock() -> HouseFinding:
    """This machine's clock against the database's; one clock for both says nothing, and passes."""
    from huitou.stores.ledger import connect

    with connect(autocommit=True) as connection:
        before = time.monotonic()
        (theirs,) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchall()[0]
        spent = time.monotonic() - before
    skew = abs(float(theirs) - SystemClock().now_us() / SECOND) - spent
    if skew > MOST_SKEW:
        apart = {"zh": f"和数据库的时钟差 {skew:.0f} 秒", "en": f"{skew:.0f} s apart from the database's"}
        return HouseFinding("clock", "bad", apart)
    return HouseFinding("clock", "good", {"zh": "和数据库一致", "en": "agrees with the database's"})


GROUND = (check_python, check_disk, check_database, check_lake)  # without these nothing else can be asked
CHECKS = (*GROUND, check_mail, check_address, check_clock)
