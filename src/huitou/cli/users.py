"""`huitou user`: who may sign in to the console."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, tell


def add_user(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    password: Annotated[
        str | None, typer.Option(envvar="HUITOU_USER_PASSWORD", help="Without it one is made and shown once.")
    ] = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Add somebody who may sign in to the console, or give them a new password."""
    with house(data, now):
        made = set_password(name, password)
    if as_json:
        print_json({"user": name, "password": made})
    else:
        shown = f"{tell('密码', 'password')} {made}" if made else tell("密码已设置", "password set")
        out.print(f"{tell('用户', 'user')} {name}  {shown}", markup=False)


def set_password(name: str, password: str | None = None) -> str | None:
    """The password that was made, None where one was given."""
    from huitou.stores.django import setup_django

    setup_django()
    from django.contrib.auth import get_user_model

    user, _ = get_user_model().objects.get_or_create(username=name, defaults={"is_staff": True})
    made = None if password else secrets.token_urlsafe(9)
    user.set_password(password or made)
    user.save()
    return made
