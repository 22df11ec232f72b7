"""Readers of single fields: ids, times, money, counts. Each returns the canonical value or raises Rejected."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from huitou.kit.clock import SECOND, parse_time
from huitou.kit.errors import Rejected
from huitou.kit.ids import EMPTY, clean_id
from huitou.kit.money import LARGEST, currency_code, exponent, read_decimal

LONGEST_ID = 255  # characters of up to 4 bytes; PostgreSQL indexes up to 2,700 bytes, and shop and order id share one
LARGEST_COUNT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Reader = Callable[[str, Any, int], Any]


def rejected(field: str, zh: str, en: str) -> Rejected:
    return Rejected(field, {"zh": zh, "en": en})


def read_id(field: str, value: Any) -> str | None:
    """The id as text in NFC, None where it is missing or an empty mark ('null', '-', 'undefined'…)."""
    if value is None:
        return None
    # The common case at a fifth of the cost: plain printable ASCII between two alphanumerics.
    if type(value) is str and value.isascii() and value[:1].isalnum() and value[-1:].isalnum() and value.isprintable():
        length = len(value)
        if 9 < length <= LONGEST_ID or (length <= 9 and value.lower() not in EMPTY):  # the longest mark: undefined
            return value
    try:
        text = clean_id(value)
    except ValueError:
        raise rejected(field, f"{_short(value)} 不是编号", f"{_short(value)} is not an id") from None
    if text is None:
        return None
    if len(text) > LONGEST_ID:
        raise rejected(field, f"编号超过 {LONGEST_ID} 个字符", f"an id longer than {LONGEST_ID} characters")
    if text.isprintable() and text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise rejected(field, "编号里有控制字符", "an id with control characters")
    return text


def read_time(field: str, value: Any) -> int | None:
    """Epoch microseconds; None where it is missing. ISO 8601, without an offset UTC; or a number.

    A number is seconds, milliseconds or microseconds by its size: seconds up to 10^11 (the year 5138),
    milliseconds up to 10^14, microseconds beyond. Under 10^8 (March 1973) it is no time: a 0 or a counter.
    """
    if type(value) is str:
        try:
            return _iso_us(value)
        except (ValueError, OverflowError):
            raise rejected(field, f"{_short(value)} 不是时间", f"{_short(value)} is not a time") from None
    if value is None:
        return None
    if isinstance(value, datetime):
        return _iso_us(value.isoformat())
    if isinstance(value, int | float) and 1e8 <= value < 7.3e15:
        return round(value * (SECOND if value < 1e11 else 1000 if value < 1e14 else 1))
    raise rejected(field, f"{_short(value)} 不是时间", f"{_short(value)} is not a time")


def _iso_us(text: str) -> int:
    if text.endswith("Z") and "." not in text[:17] and "," not in text[:17]:
        span = datetime.fromisoformat(text) - _EPOCH
        at_us = (span.days * 86_400 + span.seconds) * SECOND + span.microseconds
        if 0 <= at_us < 7_258_118_400 * SECOND:
            return at_us
    return parse_time(text)


def _property_id(field: str, value: Any, _places: int) -> str | None:
    return read_id(f"properties.{field}", value)


def _property_time(field: str, value: Any, _places: int) -> int | None:
    return read_time(f"properties.{field}", value)


def _minor(field: str, value: Any, _places: int) -> int | None:
    """Our names: integer minor units; a fraction is somebody's decimals and would be a hundredfold mistake."""
    if type(value) is int and 0 <= value <= LARGEST:
        return value
    if value is None or value == "":
        return None
    amount = _decimal(field, value)
    if amount != amount.to_integral_value():
        raise rejected(
            f"properties.{field}",
            f"{_short(value)} 不是整数：金额以分（最小货币单位）为单位，199.00 元写作 19900",
            f"{_short(value)} is not whole: money is in minor units here, 199.00 is written 19900",
        )
    return _bounded(field, value, int(amount))


def _from_decimal(field: str, value: Any, places: int) -> int | None:
    """Segment's names: decimals. What is finer than the minor unit (a computed tax) is rounded half to even."""
    if value is None or value == "":
        return None
    amount = _decimal(field, value)
    if abs(amount) > LARGEST:
        return _bounded(field, value, LARGEST + 1)
    return _bounded(field, value, int(amount.scaleb(places).to_integral_value(ROUND_HALF_EVEN)))


def _decimal(field: str, value: Any) -> Decimal:
    if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool):
        try:
            return read_decimal(value)
        except ValueError:
            pass
    raise rejected(f"properties.{field}", f"{_short(value)} 不是金额", f"{_short(value)} is not an amount")


def _bounded(field: str, value: Any, minor: int) -> int:
    if 0 <= minor <= LARGEST:
        return minor
    raise rejected(
        f"properties.{field}",
        f"{_short(value)} 超出金额范围（0 到 {LARGEST} 分）",
        f"{_short(value)} is outside 0 to {LARGEST} minor units",
    )


def _count(field: str, value: Any, _places: int) -> int | None:
    if type(value) is int and 0 <= value <= LARGEST_COUNT:
        return value
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None or not number.is_integer() or not 0 <= number <= LARGEST_COUNT:
        raise rejected(
            f"properties.{field}", f"{_short(value)} 不是非负整数", f"{_short(value)} is not a whole number, 0 or more"
        )
    return int(number)


def _seconds(field: str, value: Any, _places: int) -> int | None:
    """A duration; a fraction of a second is dropped."""
    if type(value) is int and 0 <= value <= LARGEST_COUNT:
        return value
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None or not 0 <= number <= LARGEST_COUNT:
        raise rejected(f"properties.{field}", f"{_short(value)} 不是时长（秒）", f"{_short(value)} is not seconds")
    return int(number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_currency(value: Any) -> str | None:
    """Three letters of ISO 4217, upper case; RMB, 元 and the like are CNY."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            return currency_code(value)
        except ValueError:
            pass
    raise rejected("properties.currency", f"{_short(value)} 不是货币代码", f"{_short(value)} is not a currency code")


def _currency(_field: str, value: Any, _places: int) -> str | None:
    return read_currency(value)


def _products(money: Reader) -> Reader:
    """Lines of an order or a list: [{product_id, name, quantity, price}], `sku` standing in for product_id."""

    def read(_field: str, value: Any, places: int) -> list[dict[str, Any]] | None:
        if value is None:
            return None
        if not isinstance(value, list):
            raise rejected("properties.products", "products 应为数组", "products must be a list")
        return [_product(f"products.{index}", line, money, places) for index, line in enumerate(value)]

    return read


def _product(field: str, line: Any, money: Reader, places: int) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise rejected(f"properties.{field}", "商品行应为对象", "a product line must be an object")
    read = dict(line)
    product = read_id(f"properties.{field}.product_id", line.get("product_id"))
    if product is None:
        product = read_id(f"properties.{field}.sku", line.get("sku"))
    for key, value in (
        ("product_id", product),
        ("price", money(f"{field}.price", line.get("price"), places)),
        ("quantity", _count(f"{field}.quantity", line.get("quantity"), places)),
    ):
        if value is None:
            read.pop(key, None)
        else:
            read[key] = value
    return read


_IDS = ("broadcast_id", "room_id", "shop_id", "product_id", "order_id", "message_id")
MONEY = frozenset({"total", "subtotal", "revenue", "amount", "price", "shipping", "tax", "discount"})
TIMES = frozenset({"until", "started_at", "ended_at", "starts_at", "ends_at", "expires_at"})


def _readers(money: Reader, *money_names: str) -> dict[str, Reader]:
    readers: dict[str, Reader] = dict.fromkeys(_IDS, _property_id)
    readers |= dict.fromkeys((*MONEY, *money_names), money)
    readers |= {"quantity": _count, "count": _count, "watch_seconds": _seconds}
    readers |= {"currency": _currency, "products": _products(money)}
    return readers


# By how a name's money is written (names.Money).
READERS: dict[str, dict[str, Reader]] = {
    "minor": _readers(_minor) | dict.fromkeys(TIMES, _property_time),
    "decimal": _readers(_from_decimal, "value"),
    "verbatim": dict.fromkeys(_IDS, _property_id),
}


def read_properties(properties: dict[str, Any], money: str, default_currency: str | None) -> dict[str, Any]:
    """The properties with canonical ids, money, counts and times; the empty ones dropped, all others as they came."""
    readers = READERS[money]
    places = 2
    if money == "decimal":
        places = exponent(read_currency(properties.get("currency")) or default_currency or "")
    changed: dict[str, Any] = {}
    for key, value in properties.items():
        reader = readers.get(key)
        if reader is not None:
            read = reader(key, value, places)
            if read is not value:
                changed[key] = read
    if not changed:
        return properties
    return {key: value for key, value in (properties | changed).items() if value is not None or key not in changed}


def _short(value: Any) -> str:
    """The value as the sender will recognise it, but not a megabyte of it, and on one line."""
    text = repr(value) if not isinstance(value, int) or value.bit_length() < 200 else "…"
    return text if len(text) <= 60 else f"{text[:57]}…"
