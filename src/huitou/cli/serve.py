"""`huitou serve`: the edge, the console and the worker in one process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from huitou.cli.common import Data, Now, Port, err, house, out, read_port
from huitou.cli.language import tell
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.settings import note_served


class Side(StrEnum):
    edge = "edge"
    console = "console"
    worker = "worker"


def serve(
    port: Port = "8000",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    only: Annotated[Side | None, typer.Option(help="Run one part alone, e.g. to scale it out.")] = None,
    now: Now = None,
    data: Data = None,
) -> None:
    """Serve ingest, tracked links, the console and the jobs, until Ctrl-C.

    huitou serve --port 8000

    HUITOU_WRITE_KEY=secret huitou serve --only edge
    """
    number = read_port(port)
    with house(data, now):
        if now is not None:
            clock.set_clock(clock.ShiftedClock(clock.now_us()))
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(run_house(host, number, only, announce))


def announce(url: str, only: Side | None) -> None:
    if only is Side.worker:
        out.print(tell("后台任务已启动。", "The worker runs."))
        return
    out.print(tell(f"[bold]回头[/bold] 已启动：{url}", f"[bold]Huitou[/bold] serves {url}"))
    if only is not Side.edge:
        announce_first_run(url)


def announce_first_run(url: str) -> None:
    """Where the first user is made, and the code for whoever does not sit at this machine."""
    from huitou.admin.claim import claim_code
    from huitou.admin.users import any_user

    if any_user():
        return
    code = claim_code()
    out.print(
        tell(
            f"还没有账号。请打开 {url}/welcome 创建第一个账号（管理员）。",
            f"There is no user yet. Make the first one, the administrator, at {url}/welcome",
        )
    )
    out.print(tell(f"从其他电脑打开时要填的验证码：{code}", f"From another computer it asks for this code: {code}"))


async def run_house(host: str, port: int, only: Side | None, ready: Callable[[str, Side | None], Any]) -> None:
    """Until SIGINT or SIGTERM. `ready` is called with the address when it answers."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run_parts(host, port, only, ready, stop)


@contextlib.contextmanager
def serving(host: str, port: int) -> Iterator[None]:
    """The edge and the console in a thread of their own, for the length of the block."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def parts() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve_http(host, port, None, stop))
            await wait_until_open(host, port, stop)
            ready.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(parts()), name="serving", daemon=True)
    thread.start()
    if not ready.wait(60):
        raise Refused({"zh": "服务没有起来。", "en": "the server did not come up"})
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(15)


async def run_parts(
    host: str, port: int, only: Side | None, ready: Callable[[str, Side | None], Any], stop: asyncio.Event
) -> None:
    from huitou.admin.settings import follow

    if only is not Side.worker:
        port = free_port(host, port)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(stop))
        if only in (None, Side.worker):
            from huitou.flows.worker import run_worker

            tasks.create_task(run_worker(stop))
        if only is not Side.worker:
            if only is not Side.console:
                note_served(local_url(host, port))
            tasks.create_task(serve_http(host, port, only, stop))
            await wait_until_open(host, port, stop)
        ready(f"http://{host}:{port}", only)
        await stop.wait()


def local_url(host: str, port: int) -> str:
    """How this machine reaches what listens there."""
    here = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{here}:{port}"


def free_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Refused where it is taken: the server itself would share it without a word."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            raise _cannot_listen(host, port, error) from error
        return int(probe.getsockname()[1])


def _cannot_listen(host: str, port: int, error: Exception) -> Refused:
    number = error.errno if isinstance(error, OSError) else 0
    if number == errno.EADDRINUSE:
        return Refused(
            {
                "zh": f"端口 {port} 已被占用（也许 huitou 已在运行）：请用 --port 换一个，0 为自动选择。",
                "en": f"port {port} is in use (perhaps by a huitou that runs already): choose another with --port, "
                "0 picks a free one",
            },
            code="port_in_use",
        )
    if number == errno.EACCES:
        return Refused(
            {
                "zh": f"没有权限使用端口 {port}：请用 --port 换一个 1024 以上的端口。",
                "en": f"you may not use port {port}: choose one above 1024 with --port",
            }
        )
    return Refused(
        {
            "zh": f"{host} 不是本机的地址：请用 --host 换一个，本机用 127.0.0.1，所有网卡用 0.0.0.0。",
            "en": f"{host} is no address of this machine: choose another with --host, 127.0.0.1 for this machine "
            "alone, 0.0.0.0 for all its networks",
        }
    )


async def serve_http(host: str, port: int, only: Side | None, stop: asyncio.Event) -> None:
    from huitou.asgi import make_asgi
    from huitou.asgi import serve as serve_app

    await serve_app(make_asgi(None if only is None else only.value), host, port, stop)  # type: ignore[arg-type]


async def wait_until_open(host: str, port: int, stop: asyncio.Event, seconds: float = 30) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not stop.is_set():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            if asyncio.get_running_loop().time() > deadline:
                err.print(tell("服务没有起来。", "the server did not come up"))
                stop.set()
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
