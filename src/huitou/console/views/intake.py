"""Data intake: sources, what waits, what was kept aside, and a file to bring in."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.console import uploads
from huitou.console.page import page, widget
from huitou.console.reads import intake, snapshot
from huitou.console.views.broadcasts import page_number
from huitou.events.connectors import CONNECTORS, find_connector
from huitou.events.connectors.base import Options
from huitou.kit import clock
from huitou.kit.errors import Refused


@page
def intake_page(request: HttpRequest) -> HttpResponse:
    shown = {
        "nav": "intake",
        "backlog": intake.backlog(),
        "sources": intake.sources(),
        "quarantine": intake.quarantine(page_number(request)),
        "uploads": uploads.latest(),
        "formats": [(name, find_connector(name).title) for name in CONNECTORS],
        "broadcasts": snapshot.broadcasts(),
    }
    return render(request, "intake.html", shown)


@page
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    files = request.FILES.getlist("file")
    if not files:
        raise Refused({"zh": "没有选择文件。", "en": "no file was chosen"})
    kind, options = _kind(request), _options(request)
    for file in files:
        stored = uploads.store(file.name or "file", file.chunks(), request.user.get_username())
        uploads.start(stored, options, kind)
    return redirect("intake")


@widget
def upload_state(request: HttpRequest, upload: str) -> HttpResponse:
    return render(request, "widgets/upload.html", {"upload": uploads.find(upload)})


@page
def rejected(request: HttpRequest, upload: str) -> FileResponse:
    path = uploads.rejected_rows(upload)
    response = FileResponse(path.open("rb"), as_attachment=True, filename=path.name)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    return response


def _kind(request: HttpRequest) -> str | None:
    kind = request.POST.get("format") or None
    if kind is not None and kind not in CONNECTORS:
        raise Refused({"zh": f"没有格式 {kind}。", "en": f"there is no format {kind}"})
    return kind


def _options(request: HttpRequest) -> Options:
    text = request.POST.get("time_default", "").strip()
    try:
        at = clock.parse_time(text, Options().zone) if text else None
    except ValueError as error:
        raise Refused({"zh": f"“{text}”不是时间。", "en": _("“%(text)s” is not a time.") % {"text": text}}) from error
    return Options(time_default=at, broadcast=request.POST.get("broadcast", "").strip() or None)
