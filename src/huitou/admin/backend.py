"""How Django finds out who signs in: by name in any spelling, and only with an account here."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from huitou.admin.credentials import LONGEST_PASSWORD, clean_name
from huitou.kit.errors import Refused


class Accounts(ModelBackend):
    """Wrong names take the time of wrong passwords: the hash is computed for nobody then."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **others: Any
    ) -> User | None:
        if username is None or password is None or len(password) > LONGEST_PASSWORD:
            return None
        user = self._named(username)
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: User | None) -> bool:
        return user is not None and user.is_active and hasattr(user, "account")

    def get_user(self, user_id: int) -> User | None:
        """Asked at every request: who was put out, or has another role, is so at once."""
        user = self._found().filter(pk=user_id).first()
        return user if self.user_can_authenticate(user) else None

    def _named(self, username: str) -> User | None:
        """Names from before the rules of credentials.py may differ in capitals alone: then the same spelling goes first."""
        try:
            name = clean_name(username)
        except Refused:
            return None
        found = list(self._found().filter(username__iexact=name))
        return next((user for user in found if user.username == username), found[0] if found else None)

    def _found(self) -> Any:
        return User.objects.select_related("account")
