"""The banner over every page: troubles that somebody must see. A context processor; nothing is asked where none is shown."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from huitou.console.reads.troubles import troubles_now


def troubles(request: HttpRequest) -> dict[str, Any]:
    return {"troubles": SimpleLazyObject(lambda: troubles_now() if request.user.is_authenticated else [])}
