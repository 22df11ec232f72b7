"""The settings form: its groups and fields in words, what each holds, what is wrong with it, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huitou.admin.fields import FIELDS
from huitou.admin.settings import fields_given, kept_settings
from huitou.delivery.channels.email.session import read_relay
from huitou.kit.errors import Refused
from huitou.kit.settings import environment, settings
from huitou.kit.text import Text

Words: TypeAlias = str | Promise


@dataclass(frozen=True)
class Group:
    name: str
    title: Words
    hint: Words
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """One field as the form shows it. `variable` is set where the environment decides; `is_set` of a secret."""

    name: str
    label: Words
    hint: Words
    kind: str
    value: str
    problem: Text | None = None
    variable: str = ""
    is_set: bool = False
    choices: tuple[tuple[str, Words], ...] = field(default=())
    placeholder: str = ""


SENDER = Group(
    "sender",
    _("Sender"),
    _("Whom customers see a mail is from. A campaign may name its own."),
    ("sender_name", "from_address", "reply_to", "postal_address"),
)
ADDRESS = Group(
    "address",
    _("Public address"),
    _("Where customers' browsers reach this installation: links and unsubscribing in every mail lead there."),
    ("public_url",),
)
SERVER = Group(
    "server",
    _("Mail server"),
    _("The server that takes your mails: your own relay or your provider's."),
    ("smtp_host", "smtp_security", "smtp_port", "smtp_user", "smtp_password"),
)
PACE = Group("pace", _("Pace"), _("How fast mails may go out."), ("smtp_per_second",))
BRAND = Group("brand", _("Brand look"), _("How mails look."), ("brand_name", "brand_colour", "brand_logo"))
GROUPS = (SENDER, SERVER, ADDRESS, BRAND, PACE)
FIRST_GROUPS = (SENDER, SERVER, ADDRESS)  # what the first-run page asks for

LABELS: Mapping[str, Words] = {
    "sender_name": _("Sender's name"),
    "from_address": _("Sender's mail address"),
    "reply_to": _("Address for replies"),
    "postal_address": _("Postal address"),
    "public_url": _("Public address"),
    "smtp_host": _("Server"),
    "smtp_security": _("Encryption"),
    "smtp_port": _("Port"),
    "smtp_user": _("User name"),
    "smtp_password": _("Password"),
    "smtp_per_second": _("Mails a second"),
    "brand_name": _("Brand name"),
    "brand_colour": _("Colour of buttons and prices"),
    "brand_logo": _("Logo"),
}
HINTS: Mapping[str, Words] = {
    "reply_to": _("Empty: replies go to the sender."),
    "postal_address": _("Stands at the foot of every mail; the law of many countries wants it."),
    "public_url": _("Without a path. It must be reachable from outside, best by https."),
    "smtp_port": _("Empty: 465 for SSL/TLS, 587 for STARTTLS, 25 else."),
    "smtp_password": _("Many providers want an app password here, not the one of the mailbox."),
    "smtp_per_second": _("Empty: as fast as the server takes them."),
    "brand_name": _("Empty: the sender's name."),
    "brand_logo": _("The picture's https address; it stands instead of the name."),
}
KINDS = {
    "from_address": "email",
    "reply_to": "email",
    "public_url": "url",
    "smtp_security": "select",
    "smtp_password": "password",
    "brand_logo": "url",
}
PLACEHOLDERS = {
    "from_address": "hello@example.com",
    "reply_to": "service@example.com",
    "public_url": "https://t.example.com",
    "smtp_host": "smtp.example.com",
    "brand_colour": "#c8102e",
    "brand_logo": "https://example.com/logo.png",
}
CHOICES: Mapping[str, tuple[tuple[str, Words], ...]] = {
    "smtp_security": (
        ("smtps", _("SSL/TLS (mostly port 465)")),
        ("required", _("STARTTLS (mostly port 587)")),
        ("if_offered", _("encrypted where offered (mostly port 25)")),
        ("off", _("not encrypted")),
    )
}


def show_groups(
    groups: tuple[Group, ...], typed: Mapping[str, str] | None = None, problems: Mapping[str, Text] | None = None
) -> list[tuple[Group, list[Shown]]]:
    """The groups with their fields: what was typed where a form came back, else what is kept."""
    kept, given, outside = kept_settings(), fields_given(), _from_outside()
    return [
        (group, [_show(name, kept, given, outside, typed, problems or {}) for name in group.fields]) for group in groups
    ]


def typed_values(form: Mapping[str, str], groups: tuple[Group, ...]) -> dict[str, str]:
    """What the form says of the groups' fields; one that is not in it is left as it is."""
    found = {name: form[name] for group in groups for name in group.fields if name in form}
    if not found.get("smtp_host", "-").strip():  # a choice always has a value; of no server it means nothing
        found["smtp_security"] = ""
    return found


def label_of(name: str) -> Words:
    return LABELS.get(name, name)


def value_of(name: str, value: str) -> Words:
    """A value as the list of changes says it."""
    return next((words for choice, words in CHOICES.get(name, ()) if choice == value), value)


def _show(
    name: str,
    kept: Mapping[str, str],
    given: frozenset[str],
    outside: Mapping[str, str],
    typed: Mapping[str, str] | None,
    problems: Mapping[str, Text],
) -> Shown:
    is_given, is_secret = name in given, FIELDS[name].is_secret
    value = outside.get(name, "") if is_given else (typed or kept).get(name, kept.get(name, ""))
    if name == "smtp_security" and not value:
        value = "smtps"
    return Shown(
        name,
        label_of(name),
        HINTS.get(name, ""),
        KINDS.get(name, "text"),
        "" if is_secret else value,
        problems.get(name),
        FIELDS[name].variable if is_given else "",
        bool(kept.get(name)) if is_secret else False,
        CHOICES.get(name, ()),
        PLACEHOLDERS.get(name, ""),
    )


def _from_outside() -> dict[str, str]:
    """What the environment's variables come to, field by field; never a password."""
    now, env = settings(), environment()
    name, address = parseaddr(now.mail_from)
    found: dict[str, Any] = {
        "sender_name": name,
        "from_address": address,
        "reply_to": now.reply_to,
        "public_url": now.public_url,
        "postal_address": env.get("HUITOU_BRAND_ADDRESS", ""),
        "brand_name": env.get("HUITOU_BRAND_NAME", ""),
        "brand_colour": env.get("HUITOU_BRAND_COLOUR", ""),
        "brand_logo": env.get("HUITOU_BRAND_LOGO", ""),
        "smtp_per_second": env.get("HUITOU_SMTP_PER_SECOND", ""),
    }
    return found | _server_from_outside(now.smtp_url)


def _server_from_outside(url: str | None) -> dict[str, str]:
    try:
        relay = read_relay(url or "")
    except Refused:
        return {}
    security = "smtps" if relay.tls == "from_start" else relay.tls
    return {"smtp_host": relay.host, "smtp_port": str(relay.port), "smtp_user": relay.user, "smtp_security": security}
