"""`huitou campaign test`: read a campaign's message as somebody will get it, and send it to oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.common import AsJson, Data, Now, err, house, out, print_json, say_text, stages
from huitou.cli.language import tell

if TYPE_CHECKING:
    from huitou.delivery.trial import Trial
    from huitou.flows.preview import Preview

app = typer.Typer(
    no_args_is_help=True, help=tell("触达活动：发送前先看、先试。", "Campaigns: read and try before sending.")
)


@app.callback()
def campaigns() -> None:
    """Keeps `test` a command of its own name although it is the only one."""


@app.command("test")
def try_campaign(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")],
    person: Annotated[
        str, typer.Option("--person", metavar="ID", help="A customer id, userId, phone, e-mail… (default: an example)")
    ] = "",
    broadcast: Annotated[
        str,
        typer.Option("--broadcast", metavar="BROADCAST", help="What it is about. (default: the last one that ended)"),
    ] = "",
    channel: Annotated[str, typer.Option("--channel", help="email, sms… (default: as decided)")] = "",
    stage: Annotated[str, typer.Option("--stage", help="urgency or value. (default: as decided)")] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="Send it there, marked as a test; counted nowhere.")
    ] = "",
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Show a campaign's message as one person will get it; with --to send it to an address of yours."""
    with house(data, now):
        from huitou.flows.preview import Wanted, last_broadcast, preview_message, try_on
        from huitou.flows.refresh import catch_up

        with stages() as say:
            catch_up(say)
        campaign = _campaign(name)
        wanted = Wanted(broadcast or last_broadcast(), _customer(person), channel=channel, stage=stage)
        preview = preview_message(campaign, wanted)
        trial = try_on(campaign, preview, to) if to else None
    if as_json:
        print_json(_told(preview, trial))
    else:
        _print(preview, trial)
    if preview.problem or (trial and not trial.ok):
        raise typer.Exit(1)


def _campaign(name: str) -> Any:
    from huitou.campaigns.reading import default_campaign
    from huitou.campaigns.versions import load_campaign
    from huitou.kit.errors import NotFound
    from huitou.stores.ledger import transaction

    try:
        with transaction() as connection:
            return load_campaign(connection, name)
    except NotFound:
        if name == default_campaign().name:
            return default_campaign()
        raise


def _customer(person: str) -> str:
    from huitou.customers.profile import find_customer

    return find_customer(person) if person else ""


def _told(preview: Preview, trial: Trial | None) -> dict[str, Any]:
    mail = preview.rendered
    return {
        "source": preview.source,
        "customer": preview.customer,
        "channel": preview.channel,
        "language": preview.language,
        "stage": preview.stage,
        "offer": preview.offer,
        "product": preview.product,
        "why": preview.why,
        "subject": mail.subject if mail else None,
        "preview_line": preview.preview_line,
        "html": mail.html if mail else None,
        "text": mail.text if mail else None,
        "problem": dict(preview.problem) if preview.problem else None,
        "trial": None if trial is None else {"ok": trial.ok, "code": trial.code, "reason": dict(trial.reason)},
    }


SOURCES = {
    "queued": {"zh": "已排队的消息，发出时就是这样", "en": "queued: it goes out like this"},
    "as_if": {
        "zh": "此人没有排队中的消息：按现在的数据，假设会发给 TA",
        "en": "nothing is queued for them: by the data of now, as if they were written to",
    },
    "made_up": {"zh": "示例数据，不是真实客户", "en": "made-up data, no real customer"},
}


def _print(preview: Preview, trial: Trial | None) -> None:
    err.print(say_text(SOURCES[preview.source]), style="yellow", markup=False)
    if preview.problem:
        err.print(say_text(preview.problem), style="red", markup=False)
    if preview.rendered:
        if preview.rendered.subject:
            out.print(tell("标题：", "Subject: ") + preview.rendered.subject, markup=False)
        out.print(preview.rendered.text, markup=False)
    if trial:
        err.print(say_text(trial.reason), style="green" if trial.ok else "red", markup=False)
