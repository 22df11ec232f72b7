"""Users of the console: added, given roles and passwords, put out. At least one administrator always stays.

Every change takes one lock, so that two of them at once cannot make two first users or leave no administrator. Name and
password follow credentials.py everywhere. Django must be set up (`stores.django.setup_django`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huitou.admin.credentials import check_password, clean_name, make_password
from huitou.admin.roles import Role, read_role
from huitou.kit import clock
from huitou.kit.errors import NotFound, Refused
from huitou.stores.ledger import lock_key, transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

COMMAND = "huitou user"  # who changed something on the command line


@dataclass(frozen=True)
class ListedUser:
    """One user as the list shows them; times are microseconds, 0 where never."""

    id: int
    name: str
    role: str
    is_active: bool
    must_change: bool
    added_at: int
    signed_in_at: int


def any_user() -> bool:
    """Whether anybody may sign in yet; without, the console shows its first-run page. Needs no Django."""
    with transaction() as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM account)").fetchone()
    return bool(row and row[0])


def list_users() -> list[ListedUser]:
    """By role, then name."""
    from huitou.admin.models import Account

    found = [
        ListedUser(
            one.user.pk,
            one.user.username,
            one.role,
            one.user.is_active,
            one.must_change,
            _us(one.user.date_joined),
            _us(one.user.last_login),
        )
        for one in Account.objects.select_related("user")
    ]
    return sorted(found, key=lambda one: (("admin", "operator", "analyst").index(one.role), one.name))


def find_user(name: str) -> User:
    """By name in any spelling. NotFound where nobody has it."""
    from django.contrib.auth.models import User

    try:
        clean = clean_name(name)
    except Refused:
        clean = ""
    user = User.objects.filter(username__iexact=clean, account__isnull=False).first() if clean else None
    if user is None:
        raise NotFound({"zh": f"没有账号“{name[:150]}”。", "en": f"there is no user {name[:150]!r}"})
    return user


def user_numbered(number: int) -> User:
    from django.contrib.auth.models import User

    user = User.objects.filter(pk=number, account__isnull=False).first()
    if user is None:
        raise NotFound({"zh": "没有这个账号。", "en": "there is no such user"})
    return user


def claim_house(name: str, password: str) -> User:
    """The first user, who becomes the administrator. Refused where there is one already."""
    clean = clean_name(name)
    check_password(password, clean)
    with _alone():
        if any_user():
            raise Refused(
                {"zh": "已经有账号了，请登录。", "en": "There is a user already: sign in."}, code="already_claimed"
            )
        return _create(clean, password, "admin", by=clean)


def add_user(
    name: str, role: str | None, by: str, password: str | None = None, *, must_change: bool | None = None
) -> tuple[User, str]:
    """A new user and the password to give them: theirs to change at the first sign-in where it was made here.

    Without a role the first user becomes administrator, the others operators. Refused where the name is taken.
    """
    clean = clean_name(name)
    if password is not None:
        check_password(password, clean)
    wanted = read_role(role) if role else None
    given = password or make_password()
    with _alone():
        if _is_taken(clean):
            raise Refused({"zh": f"已经有账号“{clean}”。", "en": f"there is a user {clean!r} already"})
        if wanted is not None and wanted != "admin" and not any_user():
            raise Refused({"zh": "第一个账号只能是管理员。", "en": "the first user must be an administrator"})
        role_given: Role = wanted or ("operator" if any_user() else "admin")
        seen = password is None if must_change is None else must_change
        return _create(clean, given, role_given, by, must_change=seen), given


def set_password(user: User, password: str | None, by: str, *, must_change: bool | None = None) -> str:
    """A new password, returned; every session of theirs ends. Made here it must be changed at the next sign-in, unless
    `must_change` says otherwise."""
    if password is not None:
        check_password(password, user.username)
    given = password or make_password()
    with _alone():
        user.set_password(given)
        user.save(update_fields=["password"])
        _end_sessions(user, must_change=password is None if must_change is None else must_change)
        _note(user.username, "", "password", by)
    return given


def change_own_password(user: User, old: str, new: str) -> None:
    """Refused where the old one is wrong or the new one weak or the same. Other sessions end."""
    if not user.check_password(old):
        raise Refused({"zh": "现在的密码不对。", "en": "The present password is wrong."}, code="wrong_password")
    check_password(new, user.username)
    if old == new:
        raise Refused({"zh": "新密码和现在的一样。", "en": "The new password is the old one."})
    with _alone():
        user.set_password(new)
        user.save(update_fields=["password"])
        _end_sessions(user, must_change=False)
        _note(user.username, "", "password", user.username)


def change_role(user: User, role: str, by: str) -> None:
    wanted = read_role(role)
    with _alone():
        account = _account(user)
        if account.role == wanted:
            return
        if wanted != "admin":
            _keep_an_admin(user)
        before, account.role = account.role, wanted
        account.save(update_fields=["role"])
        _note(user.username, before, wanted, by)


def disable_user(user: User, by: str) -> None:
    """They may no longer sign in, and what they had open is closed."""
    with _alone():
        _keep_an_admin(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        _end_sessions(user)
        _note(user.username, "active", "disabled", by)


def enable_user(user: User, by: str) -> None:
    with _alone():
        user.is_active = True
        user.save(update_fields=["is_active"])
        _note(user.username, "disabled", "active", by)


def remove_user(user: User, by: str) -> None:
    """What they did stays noted under their name."""
    with _alone():
        _keep_an_admin(user)
        name = user.username
        user.delete()
        _note(name, "active", "removed", by)


def end_sessions(user: User, by: str) -> None:
    """Sign them out everywhere."""
    with _alone():
        _end_sessions(user)
        _note(user.username, "", "signed_out", by)


@contextmanager
def _alone() -> Iterator[None]:
    """A transaction in which nobody else changes users."""
    from django.db import connection
    from django.db.transaction import atomic

    with atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key("name", "users"),))
        yield


def _create(name: str, password: str, role: Role, by: str, *, must_change: bool = False) -> User:
    from django.contrib.auth.models import User

    from huitou.admin.models import Account

    # A user whom somebody made by other means had no role and could not sign in: this gives them one.
    user = User.objects.filter(username__iexact=name).first() or User(username=name)
    user.is_active = user.is_staff = True
    user.set_password(password)
    user.save()
    Account.objects.create(user=user, role=role, must_change=must_change)
    _note(name, "", f"added:{role}", by)
    return user


def _is_taken(name: str) -> bool:
    from huitou.admin.models import Account

    return Account.objects.filter(user__username__iexact=name).exists()


def _keep_an_admin(user: User) -> None:
    """Refused where nobody else could manage the house."""
    from huitou.admin.models import Account

    others = Account.objects.filter(role="admin", user__is_active=True).exclude(user=user)
    if _account(user).role == "admin" and user.is_active and not others.exists():
        raise Refused(
            {
                "zh": "这是最后一位管理员。请先把另一个账号设为管理员。",
                "en": "This is the last administrator. Make somebody else one first.",
            },
            code="last_admin",
        )


def _account(user: User) -> Any:
    from huitou.admin.models import Account

    account = Account.objects.filter(user=user).first()
    if account is None:  # removed meanwhile
        raise NotFound({"zh": "没有这个账号。", "en": "there is no such user"})
    return account


def _end_sessions(user: User, *, must_change: bool | None = None) -> None:
    account = _account(user)
    account.session_number += 1
    if must_change is not None:
        account.must_change = must_change
    account.save(update_fields=["session_number", "must_change"])


def _note(name: str, before: str, after: str, by: str) -> None:
    from huitou.admin.models import Change

    Change.objects.create(at=clock.now_us(), by=by, kind="user", subject=name, before=before, after=after)


def _us(moment: Any) -> int:
    return int(moment.timestamp() * 1_000_000) if moment else 0
