"""Ids are strings, always: order ids exceed 2^53, exports prefix tabs and quotes, readers turn them into floats."""

from __future__ import annotations

import hashlib
import math
import re
from decimal import Decimal

EMPTY = frozenset({"", "-", "--", "null", "none", "nan", "nil", "undefined", "n/a", "无", "（空）"})
# Marks without a width that pasting leaves (WeChat, Windows' address book): directions, zero-width spaces, soft hyphens.
# Not the joiners U+200C and U+200D: in some scripts they are spelling; at the ends of a text they are nothing.
_MARKS = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+|^[\u200c\u200d]+|[\u200c\u200d]+$"
)


def without_marks(text: str) -> str:
    """The text as it is seen: '\\u202d13812345678\\u202c' -> '13812345678'."""
    return text if text.isascii() or not _MARKS.search(text) else _MARKS.sub("", text)


def clean_id(value: object) -> str | None:
    """The id as text, or None where the export wrote an empty mark. 13085.0 -> '13085'; '\\t6917…' -> '6917…'.

    Without invisible marks: two ids that look alike are one. ValueError for a bool, a container, a fraction, or a
    float too large to have kept its digits (> 2^53).
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"{value!r} is not an id")
    if isinstance(value, float):
        return _clean_float(value)
    if isinstance(value, Decimal):  # of Parquet: exact, however long
        return _clean_decimal(value)
    text = without_marks(str(value)).strip()
    if text.startswith('="') and text.endswith('"'):  # the way Taobao keeps Excel from rounding ids
        text = text[2:-1].strip()
    text = text.lstrip("'").strip()
    return None if text.lower() in EMPTY else text


def _clean_float(value: float) -> str | None:
    if math.isnan(value):
        return None
    if not value.is_integer() or abs(value) > 2**53:
        raise ValueError(f"{value!r} is not an id")
    return str(int(value))


def _clean_decimal(value: Decimal) -> str | None:
    if value.is_nan():
        return None
    if not value.is_finite() or value != value.to_integral_value():
        raise ValueError(f"{value!r} is not an id")
    return str(int(value))


def short_hash(*parts: str, size: int = 12) -> str:
    """Hex digest of the parts (each length-prefixed, so that ('ab','c') differs from ('a','bc'))."""
    return _digest(b"", parts, size).hex()


def keyed_hash(key: bytes, *parts: str, size: int = 12) -> str:
    """Like short_hash, but nobody without the key can guess what was hashed (phones are few)."""
    return _digest(key, parts, size).hex()


def _digest(key: bytes, parts: tuple[str, ...], size: int) -> bytes:
    hasher = hashlib.blake2b(digest_size=size, key=key[:64])
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(4, "big") + data)
    return hasher.digest()
