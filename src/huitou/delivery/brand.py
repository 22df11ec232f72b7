"""Whose mail it is: name, colour, postal address, logo, the one thing every mail of the brand has in common.

A campaign's [sender] wins; what it leaves out comes from the environment, else from the console's settings:

HUITOU_MAIL_FROM       the sender, whose display name is the brand's name unless HUITOU_BRAND_NAME is set
HUITOU_BRAND_COLOUR    #rrggbb of buttons and prices
HUITOU_BRAND_ADDRESS   the postal address that law asks of commercial mail (CAN-SPAM § 7704(a)(5))
HUITOU_BRAND_LOGO      an https picture instead of the name
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import TYPE_CHECKING

from huitou.kit.errors import Refused
from huitou.kit.settings import environment, settings

if TYPE_CHECKING:
    from huitou.campaigns.definition import Sender

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
DEFAULT_COLOUR = "#c8102e"
MARKED = re.compile(r"^[\s(（\[【<《〔]*(?:广告|AD(?![A-Za-z]))", re.IGNORECASE)
MARKS = {"zh": "（广告）"}  # 互联网电子邮件服务管理办法 art. 14; a campaign may write another, or none


@dataclass(frozen=True)
class Brand:
    """`from_name`, `sender` and `reply_to` head its mails, '' for the channel's own; `marks` stand before subjects, by language."""

    name: str
    colour: str
    dark_colour: str  # the colour on a dark ground, lightened until it can be read
    on_colour: str  # of words upon the colour: white or near-black, whichever contrasts more (WCAG 2.2, 1.4.3)
    address: str
    logo: str
    from_name: str = ""
    sender: str = ""
    reply_to: str = ""
    marks: Mapping[str, str] = field(default_factory=dict, hash=False)


def is_marked(subject: str) -> bool:
    """Whether it begins by saying that it is advertising, in whatever brackets."""
    return MARKED.match(subject) is not None


def read_brand(sender: Sender | None = None, env: Mapping[str, str] | None = None) -> Brand:
    """The brand of a campaign's sender. Refused where the colour is none."""
    env = environment() if env is None else env
    colour = env.get("HUITOU_BRAND_COLOUR") or DEFAULT_COLOUR
    if not COLOUR.fullmatch(colour):
        raise Refused({"zh": f"品牌颜色应当像 #c8102e，写的是 {colour}", "en": f"{colour!r} is no colour like #c8102e"})
    own_name, own_address = parseaddr(settings().mail_from)
    return Brand(
        name=(sender.name if sender else "") or env.get("HUITOU_BRAND_NAME") or own_name or own_address,
        colour=colour,
        dark_colour=lighten(colour),
        on_colour="#ffffff" if luminance(colour) < 0.35 else "#1f2328",
        address=(sender.postal_address if sender else "") or env.get("HUITOU_BRAND_ADDRESS") or "",
        logo=env.get("HUITOU_BRAND_LOGO") or "",
        from_name=sender.name if sender else "",
        sender=sender.address if sender else "",
        reply_to=sender.reply_to if sender else "",
        marks={**MARKS, **(sender.mark if sender else {})},
    )


def lighten(colour: str, least: float = 0.3) -> str:
    """The colour mixed with as little white as gives it that luminance: 5.5 to 1 on the layout's dark card."""
    for share in range(0, 100, 5):
        mixed = "#" + "".join(
            f"{part + (255 - part) * share // 100:02x}" for part in (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        )
        if luminance(mixed) >= least:
            return mixed
    return "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance 0..1 of #rrggbb (WCAG 2.2, "relative luminance")."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
