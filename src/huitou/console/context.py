"""What every template may ask about the reader: `may_change` (operators and administrators), `is_admin`, `role`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from huitou.admin.roles import may


def role_of(request: HttpRequest) -> str | None:
    """The role of who is signed in; None for anybody else."""
    user = getattr(request, "user", None)
    return str(user.account.role) if user is not None and user.is_authenticated else None


def abilities(request: HttpRequest) -> dict[str, Any]:
    role = role_of(request)
    return {"role": role or "", "may_change": may(role, "operator"), "is_admin": may(role, "admin")}
