"""What viewers' comments ask for: a small lexicon, shipped as data (intents.csv: word, intent, language).

Chinese words count wherever they stand, Latin ones only as whole words ("link", not "blink"), whatever their case. Add
a line to add a word; nothing else needs to change. Matching is done here because no SQL function for it (lower, regular
expressions) reads alike in both engines.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

import pyarrow as pa

from huitou.kit.text import Text

INTENTS: dict[str, Text] = {
    "how_to_buy": {"zh": "怎么买", "en": "how to buy"},
    "price": {"zh": "问价格", "en": "asks the price"},
    "discount": {"zh": "问优惠", "en": "asks for a discount"},
    "link": {"zh": "要链接", "en": "asks for the link"},
    "size": {"zh": "问尺码规格", "en": "asks the size"},
    "stock": {"zh": "问有没有货", "en": "asks whether it is in stock"},
    "colour": {"zh": "问颜色", "en": "asks the colour"},
    "shipping": {"zh": "问发货", "en": "asks about shipping"},
    "returns": {"zh": "问退换", "en": "asks about returns"},
}


def find_intents(comment: str) -> list[str]:
    """The intents in one comment, in the order of INTENTS: '多少钱?链接发我' -> ['price', 'link']."""
    text = comment.casefold()
    return [intent for intent, pattern in _patterns() if pattern.search(text)]


def comment_intents(comments: pa.Array | pa.ChunkedArray) -> pa.Table:
    """(content, intent), one row for every intent of every comment: what visits.sql reads."""
    rows = [(comment, intent) for comment in comments.to_pylist() if comment for intent in find_intents(comment)]
    return pa.table(
        {
            "content": pa.array([comment for comment, _ in rows], pa.string()),
            "intent": pa.array([intent for _, intent in rows], pa.string()),
        }
    )


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    text = resources.files("huitou.customers").joinpath("intents.csv").read_text(encoding="utf-8")
    words: dict[str, list[str]] = {intent: [] for intent in INTENTS}
    for row in csv.DictReader(text.splitlines()):
        words[row["intent"]].append(_pattern(row["word"].casefold()))
    return [(intent, re.compile("|".join(patterns))) for intent, patterns in words.items() if patterns]


def _pattern(word: str) -> str:
    literal = re.escape(word)
    return rf"\b{literal}\b" if word.isascii() else literal
