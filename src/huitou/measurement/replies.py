"""Which replies are a no: what people write who want to be left alone, in both languages.

Counted to be shown, never acted upon: opting out is what the channel's own word or link does. So a word too few costs
a figure, a word too many an operator's trust; talk of parcels ("先别发货") is no no.
"""

from __future__ import annotations

import re

COMMANDS = re.compile(
    r"\s*(td|t|r|n|tt|0000|退|退订|拒收|stop|stop ?all|end|quit|cancel|opt[ -]?out)\s*[.!。!]?\s*", re.IGNORECASE
)
PARCELS = "货|快递|顺丰|圆通|中通|韵达|申通|极兔|邮政|京东"
NEGATIVE = re.compile(
    r"退订|拒收|取消订阅"
    rf"|(?<!先)(别|不要|不用|勿)(再|给我|再给我|老|总|一直)?发(?!{PARCELS})"
    r"|发得?太(勤|多|频繁)|(太|真|好)烦|烦(死|人)|骚扰|举报|投诉|拉黑|垃圾(短信|邮件|信息|广告)|不感兴趣"
    r"|(^|[,,。!!\s])不需要|(^|[,,。!!\s])滚(?!动|筒|烫)"
    r"|unsubscrib|remove me|take me off|leave me alone|not interested|no thanks?\b"
    r"|^\W*(please )?stop (it|this)\b|\bstop (sending|e-?mailing|texting|messaging|contacting|bothering|spamming)"
    r"|(do not|don'?t|never) (contact|e-?mail|text|message|write|send)|no more (e-?mails?|texts?|messages?)"
    r"|too many (e-?mails?|texts?|messages?)|\bspam|annoying|harass|report you|complain",
    re.IGNORECASE,
)


def is_negative(reply: str | None) -> bool:
    return bool(reply and (COMMANDS.fullmatch(reply) or NEGATIVE.search(reply)))
