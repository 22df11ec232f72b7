"""`huitou demo`: the example broadcast followed up from end to end, in front of your eyes."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import Port, err, out, progress, put_in_force, read_port, refusals
from huitou.cli.examples import example
from huitou.cli.language import tell
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.settings import settings, use_settings

if TYPE_CHECKING:
    from huitou.events.connectors.base import Options

BROADCAST = "B20"
EVENING = "2026-11-20T22:30:00+08:00"  # planned when the evening's orders may be taken as told
MORNING = "2026-11-21T07:30:00+08:00"  # the export of the next morning holds orders that came late
EVENING_FILES = (
    "products.csv", "customers.csv.gz", "history.ndjson.gz", "orders-history.csv.gz", "orders-2026-10-gb18030.csv",
    "B20.ndjson.gz", "douyin-live-B20.ndjson.gz", "wecom-watch-stat-B20.ndjson.gz", "orders-B20.csv",
)  # fmt: skip
LATE_FILE = "orders-B20-late.csv"
USER = "demo"


def demo(
    folder: Annotated[Path, typer.Option("--data", metavar="DIR", help="Made anew each time.")] = Path("huitou-demo"),
    port: Port = "0",
    serve: Annotated[bool, typer.Option(help="Serve the console afterwards, until Ctrl-C.")] = True,
    seed: Annotated[int, typer.Option(help="Of the customers' week: what they do by chance.")] = 1,
) -> None:
    """Follow up an example broadcast of 20,000 viewers: import, reach, plan, send, let a week pass, measure.

    Mails go to a mail sink the demo starts itself; the week passes on an injected clock; what customers do comes back
    over HTTP and files, as in real life. Afterwards the console shows everything, until Ctrl-C.
    """
    started, number = time.perf_counter(), read_port(port)
    with refusals(), ExitStack() as stack:
        stack.enter_context(fresh_house(folder, number, stack))
        import_evening()
        from huitou.flows.follow_up import choose_campaign, read_report, show_reach

        campaign = choose_campaign(example("follow-up.toml"))
        heading(tell("谁看了没下单，能不能触达", "Who watched and did not order, and who of them can be reached"))
        from huitou.cli.reach import print_reach

        print_reach(show_reach(BROADCAST, campaign))
        plan(campaign)
        import_late()
        live_week(seed)
        heading(tell("结果", "What it brought"))
        from huitou.cli.report import print_report

        print_report(read_report(BROADCAST, campaign))
        out.print(
            tell(
                f"\n用时 {time.perf_counter() - started:.0f} 秒。", f"\nDone in {time.perf_counter() - started:.0f} s."
            )
        )
        if serve:
            wait_for_visitors()


@contextmanager
def fresh_house(folder: Path, port: int, stack: ExitStack) -> Iterator[None]:
    """An empty data folder, a mail sink, the edge and the console answering, the clock at the evening of the show."""
    from huitou.cli.serve import free_port, serving

    with alone_in(folder) as own:
        put_in_force(own / "data", None)
        plant_identity(own / "data")
        port = free_port("127.0.0.1", port)
        from huitou.proving.sink import running_sink

        smtp_url = stack.enter_context(running_sink(own / "mails"))
        use_settings(
            replace(
                settings(),
                database_url=None,
                smtp_url=smtp_url,
                public_url=f"http://127.0.0.1:{port}",
                write_key=secrets.token_urlsafe(12),
                mail_from="回头茶铺 <hello@tea.example.com>",
            )
        )
        clock.set_clock(clock.FrozenClock(clock.parse_time(EVENING)))
        with err.status(tell("准备数据库 …", "preparing the database …")):
            from huitou.stores.django import migrate

            migrate()
        stack.enter_context(serving("127.0.0.1", port))
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[Path]:
    """The demo's folder, emptied; another one beside it where a demo is running there already."""
    import fcntl

    for number in range(1, 10):
        own = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        check_ours(own)
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (own / ".demo").open("a") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            empty(own)
            yield own
            return
    raise Refused({"zh": "同时运行的演示太多了。", "en": "too many demos are running at once"})


def plant_identity(data: Path) -> None:
    """Customer ids are keyed by a secret of the installation, and the holdout is drawn by them; the demo's is known,
    so that the same seed tells the same story."""
    (data / "secrets").mkdir(parents=True, mode=0o700)
    (data / "secrets" / "identity").write_bytes(hashlib.sha256(b"the demo's customers").digest())


def check_ours(folder: Path) -> None:
    """Never empty a folder that is not a demo's."""
    if folder.exists() and any(folder.iterdir()) and not (folder / ".demo").exists():
        raise Refused(
            {
                "zh": f"{folder} 不是演示用的文件夹，不会清空它；请用 --data 换一个。",
                "en": f"{folder} is no demo folder and will not be emptied: choose another with --data",
            }
        )


def empty(folder: Path) -> None:
    """Stop a server that a killed demo left behind, then delete what it left."""
    postgres = folder / "data" / "postgres"
    if postgres.exists():
        from huitou.stores.postgres import start_postgres

        start_postgres(postgres).stop()
    for part in folder.iterdir():
        if part.name != ".demo":
            shutil.rmtree(part) if part.is_dir() else part.unlink()


def heading(text: str) -> None:
    out.print(f"\n[bold red]●[/bold red] [bold]{text}[/bold]")


def import_evening() -> None:
    heading(tell("导入：四种来源的十个文件", "Import: ten files from four kinds of sources"))
    for name in EVENING_FILES:
        bring_in(name)


def bring_in(name: str) -> None:
    from huitou.cli.importing import print_result
    from huitou.flows.intake import bring_in

    with progress(name) as update:
        result = bring_in(example(name), options_for(name), progress=update, rejected_to=settings().data)
    print_result(result)


def options_for(name: str) -> Options:
    """The shop's order export does not say whose it is: an operator would."""
    from huitou.events.connectors.base import Options

    return Options(shop="S1") if name.startswith("orders") else Options()


def plan(campaign) -> None:  # type: ignore[no-untyped-def]
    from huitou.cli.plan import print_plan
    from huitou.flows.follow_up import plan_follow_up

    heading(tell("方案：每个人的决定和原因", "The plan: a decision and a reason for everybody"))
    with err.status(tell("制定方案 …", "deciding …")):
        planned = plan_follow_up(BROADCAST, campaign)
    print_plan(planned)


def import_late() -> None:
    heading(tell("第二天早上：迟到的订单", "Next morning: orders that came late"))
    move_to(clock.parse_time(MORNING))
    bring_in(LATE_FILE)


def live_week(seed: int) -> None:
    from huitou.proving.demo_week import DemoWeek

    heading(
        tell("一周过去：发送、打开、点击、下单、退订", "A week passes: sending, opening, clicking, ordering, leaving")
    )
    week = DemoWeek(seed, example("follow-up.toml"))
    hours = round((week.ends_at - clock.now_us()) / clock.HOUR)
    with progress(tell("小时", "hours"), hours) as update:
        week.live(lambda: update(hours - max(week.ends_at - clock.now_us(), 0) / clock.HOUR))
    out.print(tell(**week.summary()))


def move_to(at: int) -> None:
    clock.set_clock(clock.FrozenClock(at))


def wait_for_visitors() -> None:
    """The console stays up; its clock goes on ticking from the end of the week."""
    from huitou.cli.users import set_password

    password = set_password(USER)
    clock.set_clock(clock.ShiftedClock(clock.now_us()))
    heading(tell("控制台", "The console"))
    out.print(f"  {settings().public_url}", markup=False)
    out.print(tell(f"  用户 {USER}  密码 {password}", f"  user {USER}  password {password}"), markup=False)
    now, data = clock.to_iso(-(-clock.now_us() // clock.MINUTE) * clock.MINUTE), settings().data
    out.print(
        tell(
            f"  演示的时钟停在 {now}；用命令行查看时请带上：",
            f"  The demo's clock stands at {now}; on the command line say so:",
        ),
        markup=False,
    )
    out.print(f"  huitou portrait CUSTOMER --data {data} --now {now}", markup=False, soft_wrap=True)
    out.print(tell("  按 Ctrl-C 结束。", "  Ctrl-C ends it."), style="dim")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        out.print(tell("再见。", "Bye."))
