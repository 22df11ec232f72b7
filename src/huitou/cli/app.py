"""All commands, in the order a newcomer meets them. Heavy libraries are imported inside the commands only."""

from __future__ import annotations

from typing import Any

import typer
from typer._click.exceptions import UsageError
from typer.core import TyperGroup

from huitou.cli import (
    bench,
    broadcasts,
    campaign,
    cancel,
    check,
    demo,
    importing,
    keys,
    plan,
    portrait,
    query,
    reach,
    report,
    send,
    serve,
    simulate,
    users,
)
from huitou.cli.language import translate_help, translate_wrong_use


class Commands(TyperGroup):
    """All commands, their help and what is said of wrong use in the terminal's language."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        translate_help(self)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            said = translate_wrong_use(error.format_message())
            error.format_message = lambda: said  # type: ignore[method-assign]
            raise


app = typer.Typer(
    cls=Commands,
    name="huitou",
    help="Huitou brings live-commerce viewers back, and proves that it worked. Try `huitou demo` first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("demo")(demo.demo)
app.command("import")(importing.import_files)
app.command("broadcasts")(broadcasts.list_all)
app.add_typer(broadcasts.editing, name="broadcast")
app.command("reach")(reach.show_reach)
app.command("plan")(plan.make_plan)
app.add_typer(campaign.app, name="campaign")
app.command("send")(send.send_messages)
app.command("cancel")(cancel.cancel_queued)
app.command("report")(report.show_report)
app.command("portrait")(portrait.show_portrait)
app.command("query")(query.run_query)
app.command("simulate")(simulate.simulate)
app.command("serve")(serve.serve)
app.add_typer(users.app, name="user")
app.add_typer(keys.app, name="key")
app.command("check")(check.run_check)
app.command("bench")(bench.run_bench)
