"""The pages for what no view answers: unknown addresses, refused forms, our own mistakes."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from huitou.console.page import with_headers
from huitou.kit.errors import Unavailable
from huitou.stores.trouble import explain


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _say(request, _("There is no such page."), 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _say(request, _("This is not allowed."), 403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _say(request, _("This request could not be read."), 400)


def failed(request: HttpRequest) -> HttpResponse:
    """A mistake of ours, or of the machine below, which passes; whoever sees it may be anybody, so no more is said."""
    error = sys.exc_info()[1]
    if error is not None and isinstance(explain(error), Unavailable):
        return _say(
            request, _("The database or the disk does not answer. On the server, `huitou check` tells why."), 503
        )
    return _say(request, _("Something went wrong; it has been logged."), 500)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: mostly a page left open over a sign-out."""
    return _say(request, _("The form had expired. Go back, reload the page and try again."), 403)


def _say(request: HttpRequest, text: str, status: int) -> HttpResponse:
    return with_headers(render(request, "plain_error.html", {"text": text, "status": status}, status=status))
