"""Which replies are a no: what people write who want to be left alone, in both languages."""

from __future__ import annotations

import re

NEGATIVE = re.compile(
    r"退订|拒收|别发|不要再发|别再发|骚扰|烦死|投诉|举报|垃圾(短信|邮件|信息)|拉黑|滚"
    r"|unsubscribe|stop|remove me|leave me alone|spam|complain",
    re.IGNORECASE,
)


def is_negative(reply: str | None) -> bool:
    return bool(reply and NEGATIVE.search(reply))
