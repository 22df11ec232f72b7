"""`huitou send`: send what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from huitou.campaigns.channel_facts import label_of
from huitou.cli.common import AsJson, Data, Now, err, house, out, print_json, print_rows, progress, say_text
from huitou.cli.language import language, tell
from huitou.kit.text import say

if TYPE_CHECKING:
    from huitou.delivery.send import SendResult


def send_messages(as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Send everything that is due now, and stop. Never twice; never after an order, an opt-out, a cap or quiet hours.

    HUITOU_SMTP_URL names the mail server, e.g. smtp://user:password@mail.example.com:587
    """
    with house(data, now):
        from huitou.flows.follow_up import run_due
        from huitou.flows.health import read_troubles

        with progress(tell("发送", "sending")) as update:
            result = run_due(lambda so_far: update(so_far.submitted))
        troubles = [one for one in read_troubles() if one.kind not in ("channel", "worker")]
    document = _document(result)
    if as_json:
        print_json(document)
    else:
        _print(result)
    if result.because:
        for channel, why in result.because.items():
            name = say(label_of(channel), language())
            err.print("[red]✗[/red]", end=" ")
            err.print(tell(f"{name}发不出去：", f"nothing goes by {name}: ") + say_text(why), markup=False)
    for trouble in troubles:
        err.print("[yellow]![/yellow]", end=" ")
        err.print(f"{say_text(trouble.message)} → {say_text(trouble.todo)}", markup=False)
    if result.because:
        raise typer.Exit(1)


def _document(result: SendResult) -> dict[str, object]:
    states = sorted({state for state, _ in result.states})
    return {
        **{state: result.count(state) for state in states},
        "reasons": {state: result.reasons(state) for state in states if any(result.reasons(state))},
        "down": result.down,
        "seconds": round(result.seconds, 3),
    }


def _print(result: SendResult) -> None:
    from huitou.decisions.reasons import name_reason

    if not result.states:
        if not result.because:
            out.print(tell("没有到时间的消息。", "Nothing is due."))
        return
    rows = [
        [state, name_reason(reason, language()) if reason else "", f"{count:,}"]
        for (state, reason), count in sorted(result.states.items())
    ]
    print_rows("", [tell("状态", "state"), tell("原因", "why"), tell("条数", "messages")], rows)
