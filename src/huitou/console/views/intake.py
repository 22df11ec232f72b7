"""Data intake: sources, what waits, what was kept aside, and a file to bring in."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from huitou.console import uploads
from huitou.console.page import page, speaks, widget
from huitou.console.reads import intake, keys, snapshot
from huitou.console.views.broadcasts import page_number
from huitou.events.connectors import CONNECTORS, find_connector
from huitou.events.connectors.base import Options, Span
from huitou.flows.intake import ToldBroadcast, name_show
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.text import Text, say


@page
def intake_page(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, problem: str = "") -> HttpResponse:
    """The page; with what is wrong about the form that was sent, and what was filled in."""
    shown = {
        "nav": "intake",
        "backlog": intake.backlog(),
        "sources": intake.sources(),
        "refused": keys.refused(),
        "quarantine": intake.quarantine(page_number(request)),
        "uploads": uploads.latest(),
        "formats": _formats(),
        "broadcasts": snapshot.broadcasts(),
        "zone": Options().zone,
        "problem": problem,
        "filled": {name: request.POST.get(name, "") for name in ("format", "broadcast", "time_default")},
    }
    return render(request, "intake.html", shown, status=422 if problem else 200)


@page
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Where something is wrong nothing is stored, and the form stays with what was filled in and chosen."""
    try:
        files, kind, options = _files(request), _kind(request), _options(request)
        for file in files:
            stored = uploads.store(file.name or "file", file.chunks(), request.user.get_username(), speaks())
            uploads.start(stored, options, kind)
    except Refused as error:
        return _refused(request, say(error.message, speaks()))
    return _started(request)


def _started(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("intake")})
    return redirect("intake")


def _refused(request: HttpRequest, problem: str) -> HttpResponse:
    if request.headers.get("HX-Request"):  # 200, or htmx would not show it; a chosen file stays in the form
        return render(request, "parts/problem.html", {"problem": problem})
    return _show(request, problem)


def _files(request: HttpRequest) -> list[Any]:
    files = request.FILES.getlist("file")
    if not files:
        raise Refused({"zh": "没有选择文件。", "en": "No file was chosen."})
    for file in files:
        if not file.size:
            raise Refused({"zh": f"文件 {file.name} 是空的。", "en": f"The file {file.name} is empty."})
    return list(files)


@page
@require_POST
def again(request: HttpRequest, upload: str) -> HttpResponse:
    """An uploaded file that could not be made out, once more with what was missing."""
    try:
        kind, options = _kind(request), _options(request)
        uploads.start(uploads.again(upload, speaks()), options, kind)
    except Refused as error:
        return _refused(request, say(error.message, speaks()))
    return redirect("intake")


@page
@require_POST
def place(request: HttpRequest, upload: str) -> HttpResponse:
    """An uploaded file that did not say of which broadcast it is, imported with the operator's answer."""
    try:
        found = uploads.find(upload)
        options, show = Options(time_default=found.time_default), _show_of(request, found)
        uploads.start(uploads.again(upload, speaks()), options, found.kind or None, show)
    except Refused as error:
        return _refused(request, say(error.message, speaks()))
    return _started(request)


def _show_of(request: HttpRequest, upload: uploads.Upload) -> ToldBroadcast:
    """The broadcast that was chosen, or a new one: by the id the file gives it, else by its time."""
    span = Span(_moment(request, "started"), _moment(request, "ended"))
    chosen = request.POST.get("broadcast", "").strip()
    if chosen and span == Span():
        return ToldBroadcast(chosen)
    by_time = name_show(span, Options().zone)
    named = upload.question.get("broadcasts") or []
    return ToldBroadcast(
        chosen or (named[0] if len(named) == 1 else by_time),
        request.POST.get("title", "").strip() or None,
        span.started_at,
        span.ended_at,
    )


@widget
def upload_state(request: HttpRequest, upload: str) -> HttpResponse:
    found = uploads.find(upload)
    shown = {"upload": found, "formats": _formats(), "zone": Options().zone}
    if found.state == "asks":
        shown["broadcasts"] = snapshot.broadcasts()
    return render(request, "widgets/upload.html", shown)


def _formats() -> list[tuple[str, Text]]:
    return [(name, find_connector(name).title) for name in CONNECTORS]


@page(role="operator")  # the rows hold contact details
def rejected(request: HttpRequest, upload: str) -> FileResponse:
    path = uploads.rejected_rows(upload)
    response = FileResponse(path.open("rb"), as_attachment=True, filename=path.name)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    return response


def _kind(request: HttpRequest) -> str | None:
    kind = request.POST.get("format") or None
    if kind is not None and kind not in CONNECTORS:
        raise Refused({"zh": f"没有格式 {kind}。", "en": f"There is no format {kind}."})
    return kind


def _options(request: HttpRequest) -> Options:
    at = _moment(request, "time_default")
    return Options(time_default=at, broadcast=request.POST.get("broadcast", "").strip() or None)


def _moment(request: HttpRequest, field: str) -> int | None:
    """The time that was filled in, by the shop's clock where it names no other."""
    text = request.POST.get(field, "").strip()
    try:
        return clock.parse_time(text, Options().zone) if text else None
    except ValueError as error:
        raise Refused(
            {
                "zh": f"“{text}”不是时间。请写成 2026-11-20 20:00。",
                "en": f"“{text}” is not a time. Write it like 2026-11-20 20:00.",
            }
        ) from error
