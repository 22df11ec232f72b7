"""What one person looked for and asked to see, kept in their session: addresses and logs never tell it."""

from __future__ import annotations

import secrets

from django.http import HttpRequest

from huitou.kit import clock

KEPT = 20  # searches a session remembers; the oldest go first
SHOWN_FOR = 15 * clock.MINUTE

SEARCHES, REVEALED = "searches", "revealed"


def remember(request: HttpRequest, who: str) -> str:
    """A token that stands for the search."""
    known = dict(request.session.get(SEARCHES, {}))
    token = next((token for token, text in known.items() if text == who), "") or secrets.token_urlsafe(6)
    known.pop(token, None)
    request.session[SEARCHES] = dict([*known.items(), (token, who)][-KEPT:])
    return token


def recall(request: HttpRequest, token: str) -> str | None:
    """The search; None where this session does not know it (any more)."""
    found = request.session.get(SEARCHES, {}).get(token)
    return None if found is None else str(found)


def reveal(request: HttpRequest, customer: str) -> None:
    request.session[REVEALED] = {"customer": customer, "until": clock.now_us() + SHOWN_FOR}


def is_revealed(request: HttpRequest, customer: str) -> bool:
    shown = request.session.get(REVEALED) or {}
    return bool(shown.get("customer") == customer and clock.now_us() < shown.get("until", 0))


def hide(request: HttpRequest) -> None:
    request.session.pop(REVEALED, None)
