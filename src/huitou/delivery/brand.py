"""Whose mail it is: name, colour, postal address, logo, the one thing every mail of the brand has in common.

HUITOU_BRAND_NAME      the name at the head of a mail (default: the display name of HUITOU_MAIL_FROM)
HUITOU_BRAND_COLOUR    #rrggbb of buttons and prices
HUITOU_BRAND_ADDRESS   the postal address that law asks of commercial mail (CAN-SPAM § 7704(a)(5))
HUITOU_BRAND_LOGO      an https picture instead of the name
HUITOU_MAIL_AD_LABEL   'no' leaves out the 广告 that Chinese law puts before a commercial mail's subject
                       (互联网电子邮件服务管理办法, Art. 13)
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from huitou.kit.errors import Refused
from huitou.kit.settings import settings

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
DEFAULT_COLOUR = "#c8102e"


@dataclass(frozen=True)
class Brand:
    name: str
    colour: str
    on_colour: str  # of words upon the colour: white or near-black, whichever contrasts more (WCAG 2.2, 1.4.3)
    address: str
    logo: str
    ad_label: bool


def read_brand(env: Mapping[str, str] | None = None) -> Brand:
    """The brand from the environment. Refused where the colour is none."""
    env = os.environ if env is None else env
    colour = env.get("HUITOU_BRAND_COLOUR") or DEFAULT_COLOUR
    if not COLOUR.fullmatch(colour):
        raise Refused(
            {"zh": f"HUITOU_BRAND_COLOUR 应当像 #c8102e,写的是 {colour}", "en": f"{colour!r} is no colour like #c8102e"}
        )
    sender_name, sender_address = parseaddr(settings().mail_from)
    return Brand(
        name=env.get("HUITOU_BRAND_NAME") or sender_name or sender_address,
        colour=colour,
        on_colour="#ffffff" if luminance(colour) < 0.35 else "#1f2328",
        address=env.get("HUITOU_BRAND_ADDRESS") or "",
        logo=env.get("HUITOU_BRAND_LOGO") or "",
        ad_label=(env.get("HUITOU_MAIL_AD_LABEL") or "yes").lower() not in ("no", "0", "false"),
    )


def luminance(colour: str) -> float:
    """Relative luminance 0..1 of #rrggbb (WCAG 2.2, "relative luminance")."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
