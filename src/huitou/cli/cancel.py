"""`huitou cancel`: take back, for good, what is queued for a broadcast."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json
from huitou.cli.language import tell


def cancel_queued(
    broadcast: Annotated[str, typer.Argument(metavar="BROADCAST", help="Its id; see `huitou broadcasts`.")],
    campaign: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this campaign alone. (default: of all that have queued)")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Cancel, for good, the messages that are queued for a broadcast. On a terminal it asks first.

    What is being handed over at this moment is not stopped. Planning again later queues only who is new.
    """
    with house(data, now):
        from huitou.flows.follow_up import cancel, count_queued_of, find_show

        show = find_show(broadcast).broadcast
        counts = {name: count for name, count in count_queued_of(show).items() if campaign in (None, name)}
        queued, in_flight = (sum(count[place] for count in counts.values()) for place in (0, 1))
        if queued and not yes and not as_json and sys.stdin.isatty():
            typer.confirm(
                tell(
                    f"取消 {show} 排队中的 {queued:,} 条消息，不能恢复？",
                    f"Cancel {queued:,} messages of {show} for good?",
                ),
                abort=True,
            )
        cancelled = {name: cancel(show, name, _who()) for name in counts}
        if as_json:
            print_json({"broadcast": show, "cancelled": cancelled, "in_flight": in_flight})
        else:
            _print(show, sum(cancelled.values()), in_flight)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "huitou"


def _print(show: str, cancelled: int, in_flight: int) -> None:
    if cancelled:
        out.print(
            tell(
                f"{show}：已取消 {cancelled:,} 条排队中的消息，不会再发。",
                f"{show}: {cancelled:,} queued messages were cancelled and will not go.",
            )
        )
    else:
        out.print(tell(f"{show}：没有排队中的消息。", f"{show}: no message is queued."))
    if in_flight:
        out.print(
            tell(
                f"另有 {in_flight:,} 条正在交给渠道，拦不住了。",
                f"{in_flight:,} more are being handed over at this moment and are not stopped.",
            )
        )
