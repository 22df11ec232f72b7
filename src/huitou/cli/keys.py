"""`huitou key`: who may send events."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows
from huitou.cli.language import tell
from huitou.kit.clock import to_datetime

app = typer.Typer(
    help=tell("写入密钥：谁可以上报事件。", "Write keys: who may send events."),
    no_args_is_help=True,
    add_completion=False,
)


class KeyClass(StrEnum):
    browser = "browser"
    server = "server"


@app.command("list")
def list_keys(as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """List the write keys, revoked ones too. Of a key only its hash is kept, so none can be shown."""
    from huitou.events import write_keys
    from huitou.stores.ledger import transaction

    with house(data, now):
        with transaction() as connection:
            keys = write_keys.list_keys(connection)
        if as_json:
            print_json([describe(key) for key in keys])
        else:
            print_rows("", _columns(), [_row(key) for key in keys])


@app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Names the source of its events.")],
    key_class: Annotated[
        KeyClass,
        typer.Option(
            "--class", help="browser: stands in pages and apps, tells behaviour only. server: a secret, believed."
        ),
    ],
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Make a write key and print it, this once."""
    from huitou.events import write_keys
    from huitou.stores.ledger import transaction

    with house(data, now):
        with transaction() as connection:
            key, secret = write_keys.add_key(connection, name, key_class.value)
        if as_json:
            print_json({**describe(key), "key": secret})
        else:
            out.print(secret, markup=False)
            out.print(tell("只显示这一次，请现在保存。", "Shown this once: keep it now."))


@app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Its name, or its number in `huitou key list`.")],
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Revoke a write key: servers that run refuse it within ten seconds."""
    from huitou.events import write_keys
    from huitou.stores.ledger import transaction

    with house(data, now):
        with transaction() as connection:
            revoked = write_keys.revoke_key(connection, key)
        if as_json:
            print_json(describe(revoked))
        else:
            out.print(tell(f"密钥“{revoked.name}”已停用。", f"The key {revoked.name} is revoked."), markup=False)


def describe(key: Any) -> dict[str, Any]:
    fields: dict[str, Any] = key._asdict()
    key_class = fields.pop("key_class")
    return {**fields, "class": key_class, "source": key.source}


def _columns() -> list[str]:
    zh = ["编号", "名称", "类别", "末四位", "创建于", "最近使用", "停用于"]
    en = ["number", "name", "class", "last four", "made", "last used", "revoked"]
    return zh if tell("zh", "en") == "zh" else en


def _row(key: Any) -> list[Any]:
    times = (key.created_at, key.last_used_at, key.revoked_at)
    return [key.id, key.name, key.key_class, key.last_four, *(_moment(at) for at in times)]


def _moment(at: int | None) -> str:
    return "" if at is None else to_datetime(at, "Asia/Shanghai").strftime("%Y-%m-%d %H:%M")
