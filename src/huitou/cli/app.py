"""All commands, in the order a newcomer meets them. Heavy libraries are imported inside the commands only."""

from __future__ import annotations

import typer

from huitou.cli import (
    bench,
    broadcasts,
    check,
    demo,
    importing,
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
from huitou.cli.common import tell

app = typer.Typer(
    name="huitou",
    help=tell(
        "回头：把看过直播没下单的人请回来，并证明有效。先试 `huitou demo`。",
        "Huitou brings live-commerce viewers back, and proves that it worked. Try `huitou demo` first.",
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("demo")(demo.demo)
app.command("import")(importing.import_files)
app.command("broadcasts")(broadcasts.list_all)
app.command("reach")(reach.show_reach)
app.command("plan")(plan.make_plan)
app.command("send")(send.send_messages)
app.command("report")(report.show_report)
app.command("portrait")(portrait.show_portrait)
app.command("query")(query.run_query)
app.command("simulate")(simulate.simulate)
app.command("serve")(serve.serve)
app.add_typer(users.app, name="user")
app.command("check")(check.run_check)
app.command("bench")(bench.run_bench)
