"""How numbers, money and moments are written: ¥1,234.50, 2026-11-21 20:00, 1.2万 in Chinese and 12K in English."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from huitou.console import labels, words
from huitou.console.page import page_of, speaks
from huitou.console.reads import snapshot
from huitou.customers.lifecycle import STAGES
from huitou.customers.refresh import ZONE
from huitou.kit import clock
from huitou.kit.money import exponent, format_money

register = template.Library()

NONE = "–"
ZH_STEPS = ((100_000_000, "亿"), (10_000, "万"))
EN_STEPS = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K"))


@register.filter
def number(value: float | None, places: int = 0) -> str:
    """12345 -> 12,345; a dash where it is not known."""
    return NONE if value is None else f"{value:,.{places}f}"


@register.filter
def big(value: float | None) -> str:
    """12345 -> 1.23万 or 12.3K: three digits; below ten thousand as it is."""
    if value is None:
        return NONE
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    size, unit = next(step for step in (ZH_STEPS if speaks() == "zh" else EN_STEPS) if abs(value) >= step[0])
    scaled = abs(value) / size
    text = f"{scaled:,.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{'-' if value < 0 else ''}{text}{unit}"


@register.filter
def money(minor: float | Decimal | None, currency: str = "CNY") -> str:
    return NONE if minor is None else format_money(round(minor), currency or "CNY")


@register.filter
def big_money(minor: float | Decimal | None, currency: str = "CNY") -> str:
    """Whole units and shortened: ¥1.2万; for headings, where the exact sum stands in the title."""
    if minor is None:
        return NONE
    major = float(minor) / 10 ** exponent(currency)
    if abs(major) < 10_000:
        return money(minor, currency)
    sign = format_money(0, currency).rstrip("0.")
    return f"{'-' if major < 0 else ''}{sign}{big(abs(major))}"


@register.filter
def fine_money(minor: float | None, currency: str = "CNY") -> str:
    """Prices below the smallest coin: 0.1 minor units are ¥0.001."""
    if minor is None:
        return NONE
    if minor == round(minor):
        return money(minor, currency)
    sign = format_money(0, currency).rstrip("0.")
    places = f"{minor / 10 ** exponent(currency):,.6f}".rstrip("0")
    return f"{sign}{places}"


@register.filter
def percent(share: float | None, places: int = 1) -> str:
    return NONE if share is None else f"{share * 100:.{places}f}%"


@register.filter
def ratio(value: float | None) -> str:
    """62.61 -> 1 : 62.6, as operators write a return."""
    return NONE if value is None else f"1 : {value:,.1f}".replace("-", "−")


@register.filter
def signed(value: float | None, places: int = 1) -> str:
    return NONE if value is None else f"{value:+,.{places}f}".replace("-", "−")


@register.filter
def signed_money(minor: float | None, currency: str = "CNY") -> str:
    if minor is None:
        return NONE
    text = format_money(round(abs(minor)), currency)
    return text if round(minor) == 0 else ("+" if minor > 0 else "−") + text


@register.filter
def moment(at_us: int | None) -> SafeString | str:
    """<time>2026-11-21 20:00</time> in the shop's zone."""
    if at_us is None:
        return NONE
    local = clock.to_datetime(at_us, ZONE)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), f"{local:%Y-%m-%d %H:%M}")


@register.filter
def minute(at_us: int | None) -> str:
    """2026-11-21 20:00 in the shop's zone, where no element may stand."""
    return NONE if at_us is None else f"{clock.to_datetime(at_us, ZONE):%Y-%m-%d %H:%M}"


@register.filter
def entry(key: object, table: dict[object, str]) -> str:
    """What a table says of a key; '' where it says nothing."""
    return table.get(key, "")


@register.filter
def elsewhere(at_us: int | None, zone: str | None) -> str:
    """11-21 15:30 by the customer's clock; '' where it shows the same as the shop's, or is not known."""
    if at_us is None or not zone:
        return ""
    try:
        there = clock.to_datetime(at_us, zone)
    except ValueError:
        return ""
    here = clock.to_datetime(at_us, ZONE)
    return "" if there.utcoffset() == here.utcoffset() else f"{there:%m-%d %H:%M}"


@register.filter
def clock_time(at_us: int | None) -> str:
    return NONE if at_us is None else f"{clock.to_datetime(at_us, ZONE):%H:%M}"


@register.filter
def day(at_us: int | None) -> str:
    return NONE if at_us is None else f"{clock.to_datetime(at_us, ZONE):%Y-%m-%d}"


@register.filter
def duration(seconds: float | None) -> str:
    """3 h 05 min, 12 min, 40 s."""
    if seconds is None:
        return NONE
    whole = round(seconds)
    if whole < 60:
        return ngettext("%(n)d s", "%(n)d s", whole) % {"n": whole}
    hours, minutes = divmod(round(whole / 60), 60)
    if hours:
        return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)d min") % {"minutes": minutes}


@register.filter
def span(from_us: int | None, to_us: int | None = None) -> str:
    return NONE if from_us is None or to_us is None else duration((to_us - from_us) / clock.SECOND)


@register.filter
def word(code: str | None, kind: str) -> str:
    """The word for a code of one kind: {{ state|word:"message_state" }}."""
    return words.say(kind, code)


@register.filter
def share_of(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


@register.filter
def named(code: str | None, names: dict[str, str]) -> str:
    """What a campaign's own name means: {{ arm.timing|named:labels.timings }}; an unknown name as it is."""
    return names.get(code or "", code or "")


@register.filter
def show_title(broadcast: str) -> str:
    """Its title, for an id that stands alone; the id itself where it has none, or the broadcast is no more."""
    return snapshot.title_of(broadcast)


@register.filter
def campaign_title(name: str) -> str:
    """The shipped campaign's name is a key of commands and files; operators have a word for it."""
    return labels.campaign_title(name)


@register.filter
def said(text: Any) -> str:
    """A language map of the domain in the reader's language."""
    return words.said(text)


@register.filter
def names_for(upload: Any) -> list[str]:
    """What a column may be called that an upload was refused for want of."""
    from huitou.console import uploads

    return uploads.names_for(upload)


@register.inclusion_tag("parts/icon.html")
def icon(name: str) -> dict[str, str]:
    return {"name": name}


@register.inclusion_tag("parts/lift.html")
def lift_bar(estimate: Any, unit: str = "", currency: str = "CNY") -> dict[str, Any]:
    """The interval as a bar beside the zero line; `unit` 'money' writes minor units of the currency."""
    from huitou.console.reads.lift import draw_interval

    return {"bar": draw_interval(estimate), "lift": estimate, "is_money": unit == "money", "currency": currency}


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The present query string with these parameters changed; None or '' takes one away."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            params.pop(name, None)
        else:
            params[name] = str(value)
    path = context["request"].path  # widgets stand on other pages: a bare "?page=2" would be the page's
    return f"{path}?{params.urlencode()}" if params else str(path)


@register.simple_tag(takes_context=True)
def here(context: template.Context) -> str:
    """Where to come back to from a switch: this page, or the one whose form led here."""
    return page_of(context["request"])


@register.filter
def cut_up(text: str) -> list[str]:
    """'a b c' as a list, for short fixed lists in templates."""
    return text.split()


@register.filter
def stage_name(code: str | None) -> str:
    """The life stage in words."""
    stage = next((one for one in STAGES if one.stage == code), None)
    return words.said(stage.name) if stage else NONE


@register.filter
def short_id(customer: str) -> str:
    """The beginning of an id, for people without a name; the whole one stands in the title."""
    return f"{customer[:7]}…"
