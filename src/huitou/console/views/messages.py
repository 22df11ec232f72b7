"""Messages that people received: the list, and each as they saw it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.translation import gettext as _

from huitou.console.labels import labels_of
from huitou.console.masking import mask
from huitou.console.page import page
from huitou.console.reads import messages as mails
from huitou.console.reads import snapshot
from huitou.console.reads.campaigns import all_campaigns
from huitou.console.views.broadcasts import page_number

# Mail may bring its own styles and pictures inside itself; scripts, forms, fonts, frames and other hosts it may not.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


@page
def message_list(request: HttpRequest) -> HttpResponse:
    filters = {name: request.GET.get(name, "") for name in ("broadcast", "campaign", "group")}
    listed = mails.list_messages(
        occurrence=filters["broadcast"],
        campaign=filters["campaign"],
        group=filters["group"],
        number=page_number(request),
    )
    labels = {name: labels_of(name) for name in {row["campaign"] for row in listed.rows}}
    for row in listed.rows:
        row["offer_text"] = labels[row["campaign"]].offers.get(row["offer"], row["offer"])
    shown = {
        "nav": "messages",
        "page": listed,
        "filters": filters,
        "is_filtered": any(filters.values()),
        "groups": {
            "sent": _("Sent"),
            "answered": _("Opened or clicked"),
            "waiting": _("Waiting"),
            "stopped": _("Stopped"),
            "failed": _("Failed"),
            "in_doubt": _("In doubt"),
        },
        "broadcasts": snapshot.broadcasts(),
        "campaigns": all_campaigns(),
    }
    return render(request, "messages.html", shown)


@page
def message_page(request: HttpRequest, message: str) -> HttpResponse:
    opened = mails.open_message(message)
    row = opened.row
    led = {link["token"]: snapshot.product_name(link["product"]) or link["target"] for link in opened.links}
    shown = {
        "nav": "messages",
        "message": row,
        "labels": labels_of(row["campaign"]),
        "body": opened.body,
        "headers": _masked(opened.body["headers"]) if opened.body else {},
        "receipts": [{**told, "detail": led.get(told["detail"], told["detail"])} for told in opened.receipts],
        "links": [{**link, "name": snapshot.product_name(link["product"])} for link in opened.links],
        "address": mask("email" if "@" in row["address"] else "phone", row["address"]) if row["address"] else "",
    }
    return render(request, "message.html", shown)


@page
def message_body(request: HttpRequest, message: str) -> HttpResponse:
    """The mail's own page, for the frame it is shown in and nothing else."""
    body = mails.open_message(message).body
    if body is None:
        html = f"<p>{escape(_('Not rendered yet.'))}</p>"
    else:
        html = mails.without_links(body["html"]) or f"<pre>{escape(body['text'])}</pre>"
    response = HttpResponse(html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _masked(headers: dict[str, str]) -> dict[str, str]:
    """The address stays masked here too; the unsubscribe link is the customer's alone."""
    hidden = {name: value for name, value in headers.items() if name.lower() not in ("to", "list-unsubscribe")}
    told = {"To": mask("email", headers["To"])} if headers.get("To") else {}
    marked = {"List-Unsubscribe": _("one click, RFC 8058")} if headers.get("List-Unsubscribe") else {}
    return {**told, **hidden, **marked}
