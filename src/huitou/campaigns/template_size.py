"""How large a template may be before anybody parses it: the parser's patterns take time by the square of what they meet."""

from __future__ import annotations

import re

from huitou.kit.text import Text

LARGEST_TEMPLATE = 200_000  # characters; Gmail clips a mail at 102 kB, so nobody needs more
MOST_MARKS = 3_000  # tags, outputs and filters
LONG_TAG = re.compile(r"\{[{%][^{}]{2000}")  # characters between its braces
VERBATIM = re.compile(r"\{%-?\s*(end)?(raw|doc)\b")
BLANKS = re.compile(r"\s{500}")  # no indentation is so deep


def refuse_size(source: str) -> Text | None:
    """Why the template is not even parsed, None where it may be."""
    if len(source) > LARGEST_TEMPLATE:
        return {"zh": "模板太长", "en": f"the template is over {LARGEST_TEMPLATE} characters"}
    if sum(map(source.count, ("{%", "{{", "|"))) > MOST_MARKS:
        return {
            "zh": f"模板里的标签、变量和过滤器超过 {MOST_MARKS} 个",
            "en": f"the template has over {MOST_MARKS} tags, outputs and filters",
        }
    if LONG_TAG.search(source):
        return {"zh": "模板里有超过 2000 个字符的标签", "en": "the template has a tag of over 2,000 characters"}
    if BLANKS.search(source):
        return {"zh": "模板里有太长的空白", "en": "the template has a run of over 500 blanks"}
    last = {name: end for end, name in VERBATIM.findall(source)}
    if not all(last.values()):
        return {"zh": "模板里有没结束的 raw 或 doc", "en": "the template has a raw or doc without its end"}
    if max(source.rfind("{{"), source.rfind("{%")) > max(source.rfind("}}"), source.rfind("%}")):
        return {"zh": "模板里有没写完的标签", "en": "the template's last tag does not end"}
    return None
