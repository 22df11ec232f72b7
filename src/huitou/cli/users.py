"""`huitou user`: who may sign in to the console, and as what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows, say_text
from huitou.cli.language import tell

Name = Annotated[str, typer.Argument(help="The name to sign in with.")]
Password = Annotated[
    str | None, typer.Option(envvar="HUITOU_USER_PASSWORD", help="Without it one is made and shown once.")
]


class RoleName(StrEnum):
    analyst = "analyst"
    operator = "operator"
    admin = "admin"


class UserGroup(TyperGroup):
    """`huitou user NAME` goes on meaning what it always did: somebody with a password."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["give", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=UserGroup,
    no_args_is_help=True,
    help=tell(
        "控制台账号：添加、角色、密码、停用、删除。`huitou user NAME` 添加账号或重设密码。",
        "Users of the console: add, role, password, disable, remove. `huitou user NAME` adds one or gives a new password.",
    ),
)


@app.command("give", hidden=True)
def give(name: Name, password: Password = None, as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Add somebody who may sign in to the console, or give them a new password."""
    with house(data, now):
        made = set_password(name, password)
    _say_password(name, made, as_json)


@app.command("add")
def add(
    name: Name,
    role: Annotated[
        RoleName | None, typer.Option(help="Default: admin for the first user, operator for the others.")
    ] = None,
    password: Password = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Add a user. A password that is made here must be changed at the first sign-in."""
    with house(data, now):
        _set_up()
        from huitou.admin.users import COMMAND, add_user

        _user, given = add_user(name, role.value if role else None, COMMAND, password)
    _say_password(name, None if password else given, as_json)


@app.command("list")
def list_all(as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Everybody who may sign in, with their role."""
    with house(data, now):
        _set_up()
        from huitou.admin.users import list_users

        found = list_users()
    if as_json:
        print_json([{"user": one.name, "role": one.role, "active": one.is_active} for one in found])
        return
    from huitou.admin.roles import NAMES

    yes_no = {True: "", False: tell("已停用", "disabled")}
    columns = [tell("账号", "user"), tell("角色", "role"), ""]
    print_rows("", columns, [[one.name, say_text(NAMES[one.role]), yes_no[one.is_active]] for one in found])  # type: ignore[index]


@app.command("role")
def change_role(name: Name, role: RoleName, as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Give a user another role; at once, also where they are signed in."""
    with house(data, now):
        from huitou.admin import users

        users.change_role(_find(name), role.value, users.COMMAND)
    _say_done({"user": name, "role": role.value}, as_json)


@app.command("disable")
def disable(name: Name, as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Let a user no longer sign in; what they have open is closed."""
    with house(data, now):
        from huitou.admin import users

        users.disable_user(_find(name), users.COMMAND)
    _say_done({"user": name, "active": False}, as_json)


@app.command("enable")
def enable(name: Name, as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Let a disabled user sign in again."""
    with house(data, now):
        from huitou.admin import users

        users.enable_user(_find(name), users.COMMAND)
    _say_done({"user": name, "active": True}, as_json)


@app.command("remove")
def remove(name: Name, as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Remove a user. What they did stays noted under their name."""
    with house(data, now):
        from huitou.admin import users

        users.remove_user(_find(name), users.COMMAND)
    _say_done({"user": name, "removed": True}, as_json)


@app.command("password")
def password(
    name: Name, password: Password = None, as_json: AsJson = False, now: Now = None, data: Data = None
) -> None:
    """Give a user a new password. One that is made here must be changed at the next sign-in."""
    with house(data, now):
        from huitou.admin import users

        given = users.set_password(_find(name), password, users.COMMAND)
    _say_password(name, None if password else given, as_json)


def set_password(name: str, password: str | None = None) -> str | None:
    """Add the user where there is none; the password that was made, None where one was given.

    The first user becomes administrator, the others operators.
    """
    _set_up()
    from huitou.admin.users import COMMAND, add_user, find_user
    from huitou.admin.users import set_password as give_password
    from huitou.kit.errors import NotFound

    try:
        given = give_password(find_user(name), password, COMMAND, must_change=False)
    except NotFound:
        _user, given = add_user(name, None, COMMAND, password, must_change=False)
    return None if password else given


def _set_up() -> None:
    from huitou.stores.django import setup_django

    setup_django()


def _find(name: str) -> Any:
    _set_up()
    from huitou.admin.users import find_user

    return find_user(name)


def _say_password(name: str, made: str | None, as_json: bool) -> None:
    if as_json:
        print_json({"user": name, "password": made})
        return
    shown = f"{tell('密码', 'password')} {made}" if made else tell("密码已设置", "password set")
    out.print(f"{tell('账号', 'user')} {name}  {shown}", markup=False)


def _say_done(done: dict[str, object], as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        out.print(tell(f"账号 {done['user']}：已修改", f"user {done['user']}: done"), markup=False)
