"""Money is an integer of minor units (分, cents) and a currency code; never a float.

Exponents: ISO 4217, the currencies whose minor unit is not a hundredth.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
MICRO = 1_000_000  # micro-minor units in one minor unit: what unit costs and expectations are kept in
SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "TWD": "NT$", "SGD": "S$"}
# What else people call a currency. ¥ is the yuan here: the house stands in China.
CODES = {
    "RMB": "CNY", "CNH": "CNY", "¥": "CNY", "CN¥": "CNY", "元": "CNY", "人民币": "CNY", "人民币元": "CNY", "人民币(元)": "CNY",
    "US$": "USD", "美元": "USD", "美金": "USD", "€": "EUR", "欧元": "EUR", "£": "GBP", "英镑": "GBP", "日元": "JPY", "円": "JPY",
    "HK$": "HKD", "港币": "HKD", "港元": "HKD", "NT$": "TWD", "台币": "TWD", "新台币": "TWD", "S$": "SGD", "新加坡元": "SGD",
    "₩": "KRW", "韩元": "KRW", "₫": "VND", "越南盾": "VND", "฿": "THB", "泰铢": "THB", "澳元": "AUD", "加元": "CAD",
}  # fmt: skip
_SIGNS = "¥￥$€£元円圆₩₫฿"
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+")
_GROUP = "[ ,'’\u00a0\u2009\u202f]"
# 1,234.50 and 12,34,567.50 (India), 1'234.50, 1 234.50; then 1.234,50, 1 234,50 and 199,00.
_GROUPED = re.compile(rf"([+-]?[1-9]\d{{0,2}})((?:{_GROUP}\d{{2,3}})*{_GROUP}\d{{3}})(\.\d*)?")
_COMMA = re.compile(r"([+-]?\d+|[+-]?[1-9]\d{0,2}(?:[.'’ \u00a0\u2009\u202f]\d{3})+),(\d{1,2})")
MOST_DIGITS = 30  # before or behind the point: '1e999999' is nine letters, and an integer of a megabyte
LARGEST = 10**15  # minor units; a larger amount is a mistake in the input, and would overflow sums of 64 bits


def currency_code(said: str) -> str:
    """'rmb', '元', '￥' -> 'CNY'; 'usd' -> 'USD'. ValueError where it is neither three letters nor a name we know."""
    code = unicodedata.normalize("NFKC", said).strip().upper()
    code = CODES.get(code, code)
    if len(code) == 3 and code.isascii() and code.isalpha():
        return code
    raise ValueError(f"{said!r} is not a currency code")


def exponent(currency: str) -> int:
    code = currency.upper()
    return EXPONENTS.get(CODES.get(code, code), 2)


def read_decimal(amount: str | float | Decimal) -> Decimal:
    """'¥1,299.50' -> 1299.50, '1.299,50 €' -> 1299.50, '(5.00)' -> -5.00. ValueError where it is no number, or has over 30 digits.

    A comma before one or two last digits is a decimal comma; before three it parts thousands, as the point in 1.234,50.
    What is neither (1,2,3; 0,123) is no number, rather than one that may be a hundred times too large.
    """
    text = str(amount).strip()
    if not _PLAIN.fullmatch(text):
        text = _without_signs(text)
    try:
        number = Decimal(_with_point(text))
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount") from None
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{amount!r} is not an amount")
    return number


def _without_signs(text: str) -> str:
    """The digits and what parts them; accountants' brackets and a sign behind become one before."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1].strip()
    sign = ""
    if plain[:1] in ("-", "+"):
        sign, plain = plain[0], plain[1:]
    plain = plain.strip().strip(_SIGNS).strip()
    if not sign and plain[:1] not in ("-", "+") and plain.endswith("-"):
        sign, plain = "-", plain[:-1].strip()
    return sign + plain


def _with_point(text: str) -> str:
    """The number as Decimal reads it."""
    if match := _COMMA.fullmatch(text):
        return re.sub(r"[^\d+-]", "", match[1]) + "." + match[2]
    if match := _GROUPED.fullmatch(text):
        return re.sub(r"[^\d+-]", "", match[1] + match[2]) + (match[3] or "")
    return text


@lru_cache(maxsize=4_096, typed=True)  # prices come again and again
def to_minor(amount: str | float | Decimal, currency: str) -> int:
    """199.0 CNY -> 19900. ValueError where it is no number, not finite, too large or finer than the minor unit."""
    try:
        exact = read_decimal(amount).scaleb(exponent(currency))
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount") from None
    if abs(exact) > LARGEST:
        raise ValueError(f"{amount!r} is not an amount")
    rounded = exact.quantize(Decimal(1), ROUND_HALF_EVEN)
    # Binary floats carry dust (17.99 * 100 = 1798.99…); a fraction that a person wrote is larger than that.
    if abs(exact - rounded) > Decimal("0.0001"):
        raise ValueError(f"{amount!r} is finer than the minor unit of {currency}")
    return int(rounded)


def to_micro(amount_minor: str | float | Decimal) -> int:
    """A unit cost in (fractional) minor units to integer micro-minor units: 0.2 分 -> 200_000."""
    return int((Decimal(str(amount_minor)) * MICRO).to_integral_value(ROUND_HALF_EVEN))


@lru_cache(maxsize=4_096)
def format_money(minor: int, currency: str) -> str:
    """19900 CNY -> '¥199.00'; -5 USD -> '-$0.05'."""
    places = exponent(currency)
    number = f"{Decimal(abs(minor)).scaleb(-places):,.{places}f}"
    sign = SIGNS.get(currency.upper(), currency.upper() + " ")
    return f"{'-' if minor < 0 else ''}{sign}{number}"
