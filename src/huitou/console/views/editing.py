"""An operator puts a broadcast right: its name and times, a twin, one that should not count; and takes it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from huitou.catalog.broadcasts import Broadcast
from huitou.console.page import page, speaks
from huitou.console.reads import editing, snapshot
from huitou.console.templatetags.huitou import number
from huitou.customers.refresh import ZONE
from huitou.events.broadcast_acts import Act
from huitou.events.names import CORRECTED, DELETED, MERGED
from huitou.flows import shows
from huitou.flows.shows import Queued, Weighed
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.text import say

FIELDS = ("act", "title", "started_at", "ended_at", "other", "change")
SHOWN = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> takes and gives
ASKED = ("merge", "delete")  # never done without a second look


@page(role="operator")
def edit_broadcast(request: HttpRequest, broadcast: str) -> HttpResponse:
    if request.method != "POST":
        return _form(request, broadcast)
    try:
        act = _read_act(request, broadcast)
        if act is None:
            messages.info(request, _("Nothing was changed."))
            return redirect("edit_broadcast", broadcast=broadcast)
        weighed = shows.weigh(act)
        if not request.POST.get("confirmed") and (not weighed.is_plain or request.POST["act"] in ASKED):
            return _ask(request, broadcast, weighed)
        kept = shows.carry_out(act, confirmed=True, queued=_queued(request))
    except Refused as error:
        return _form(request, broadcast, problem=say(error.message, speaks()))
    messages.success(request, _done(kept))
    return _go_on(kept)


def _form(request: HttpRequest, broadcast: str, problem: str = "") -> HttpResponse:
    standing, history = editing.standing(), shows.history_of(broadcast)
    shown: dict[str, object] = {"nav": "broadcasts", "id": broadcast, "history": history, "problem": problem}
    shown["words"] = _words(history)
    status = 422 if problem else 200
    if broadcast in standing.gone:
        shown |= {"survivor": standing.survivors.get(broadcast)}
        return render(request, "broadcast_gone.html", shown, status=status)
    one = snapshot.find_broadcast(broadcast)
    likely, others = editing.twins_of(one)
    shown |= {
        "broadcast": one,
        "times": editing.who_set(one, history),
        "likely": likely,
        "others": others,
        "typed": {name: request.POST.get(name, "") for name in FIELDS},
        "start": _shown(one.started_at),
        "end": _shown(one.ended_at),
        "latest": _shown(clock.now_us()),
    }
    return render(request, "broadcast_edit.html", shown, status=status)


def _ask(request: HttpRequest, broadcast: str, weighed: Weighed) -> HttpResponse:
    shown = {
        "nav": "broadcasts",
        "id": broadcast,
        "weighed": weighed,
        "what": shows.say_act(weighed.act),
        "doubts": weighed.doubts,
        "typed": {name: request.POST[name] for name in FIELDS if name in request.POST},
    }
    return render(request, "broadcast_confirm.html", shown)


def _read_act(request: HttpRequest, broadcast: str) -> Act | None:
    """What the form asks for; None where it would change nothing."""
    wanted, by = request.POST.get("act"), request.user.get_username()
    match wanted:
        case "rename":
            title = request.POST.get("title", "").strip()
            return Act(CORRECTED, broadcast, title=title, by=by)
        case "time":
            return _read_times(request, snapshot.find_broadcast(broadcast), by)
        case "time_as_told":
            return Act(CORRECTED, broadcast, started_at=0, ended_at=0, by=by)
        case "merge":
            return Act(MERGED, broadcast, request.POST.get("other", ""), by=by)
        case "delete":
            return Act(DELETED, broadcast, by=by)
        case "restore":
            return shows.way_back(broadcast, by)
        case "undo":
            change = request.POST.get("change", "")
            return shows.find_undo(int(change) if change.isascii() and change.isdigit() else 0, by)
    raise Refused({"zh": "没有这种操作。", "en": "there is no such change"})


def _read_times(request: HttpRequest, one: Broadcast, by: str) -> Act | None:
    started_at = _read_moment(request.POST.get("started_at", ""), one.started_at, one.is_start_inferred)
    ended_at = _read_moment(request.POST.get("ended_at", ""), one.ended_at, one.is_end_inferred)
    if started_at is None and ended_at is None:
        return None
    return Act(CORRECTED, one.broadcast, started_at=started_at, ended_at=ended_at, by=by)


def _read_moment(typed: str, known: int | None, is_inferred: bool) -> int | None:
    """None where it is what is known already; what was only inferred is set by being left as it stands."""
    if not typed.strip() or (typed == _shown(known) and not is_inferred):
        return None
    if typed == _shown(known):
        return known
    try:
        return clock.parse_time(typed, ZONE)
    except ValueError:
        raise Refused({"zh": f"无法识别的时间：{typed}", "en": f"this is no time: {typed}"}) from None


def _shown(at: int | None) -> str:
    return "" if at is None else clock.to_datetime(at, ZONE).strftime(SHOWN)


def _queued(request: HttpRequest) -> Queued:
    match request.POST.get("queued"):
        case "keep":
            return "keep"
        case "cancel":
            return "cancel"
    return "ask"


def _words(history: list[shows.HistoryLine]) -> dict[int, str]:
    return {told.act.id: say(shows.say_act(told.act), speaks()) for told in history}


def _done(kept: Act) -> str:
    said = _("Done: %(what)s.") % {"what": say(shows.say_act(kept), speaks())}
    if not kept.cancelled:
        return said
    cancelled = ngettext(
        "%(n)s queued message was cancelled.", "%(n)s queued messages were cancelled.", kept.cancelled
    ) % {"n": number(kept.cancelled)}
    return f"{said}{'' if speaks() == 'zh' else ' '}{cancelled}"


def _go_on(kept: Act) -> HttpResponse:
    if kept.name == DELETED:
        return redirect("broadcasts")
    return redirect("broadcast", broadcast=kept.other if kept.name == MERGED else kept.broadcast)
