"""Write keys: who may send events. A key is shown once, on the page that answers its making."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from huitou.console.page import BOTH, POST, page, speaks
from huitou.console.reads import keys
from huitou.events.write_keys import BROWSER, add_key, revoke_key
from huitou.kit.errors import NotFound, Refused
from huitou.kit.text import say
from huitou.stores.ledger import transaction


@page(role="admin", takes=BOTH)
def key_list(request: HttpRequest) -> HttpResponse:
    """The keys; POST makes one."""
    if request.method != "POST":
        return _show(request)
    name, key_class = request.POST.get("name", ""), request.POST.get("class", "")
    try:
        with transaction() as connection:
            key, secret = add_key(connection, name, key_class)
    except Refused as error:
        return _show(request, problem=say(error.message, speaks()))
    return _show(request, made=key.name, secret=secret)


@page(role="admin", takes=POST)
def revoke(request: HttpRequest, key: int) -> HttpResponse:
    try:
        with transaction() as connection:
            revoked = revoke_key(connection, key)
    except NotFound as error:
        messages.warning(request, say(error.message, speaks()))
    else:
        said = _("The key “%(name)s” is revoked. Servers that run refuse it within ten seconds.")
        messages.success(request, said % {"name": revoked.name})
    return redirect("keys")


def _show(request: HttpRequest, *, problem: str = "", made: str = "", secret: str = "") -> HttpResponse:
    shown = {
        "nav": "settings",
        "tab": "keys",
        "keys": keys.all_keys(),
        "problem": problem,
        "made": made,
        "secret": secret,
        "filled": {"name": request.POST.get("name", ""), "class": request.POST.get("class", BROWSER)}
        if problem
        else {},
    }
    return render(request, "keys.html", shown, status=422 if problem else 200)
