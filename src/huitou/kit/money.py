"""Money is an integer of minor units (分, cents) and a currency code; never a float.

Exponents: ISO 4217, the currencies whose minor unit is not a hundredth.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
MICRO = 1_000_000  # micro-minor units in one minor unit: what unit costs and expectations are kept in
SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "TWD": "NT$", "SGD": "S$"}
LARGEST = 10**15  # minor units; a larger amount is a mistake in the input, and would overflow sums of 64 bits


def exponent(currency: str) -> int:
    return EXPONENTS.get(currency.upper(), 2)


def to_minor(amount: str | float | Decimal, currency: str) -> int:
    """199.0 CNY -> 19900. ValueError where it is no number, not finite, too large or finer than the minor unit."""
    text = str(amount).strip().replace(",", "").lstrip("¥$€£￥").strip()
    try:
        exact = Decimal(text).scaleb(exponent(currency))
    except InvalidOperation as error:
        raise ValueError(f"{amount!r} is not an amount") from error
    if not exact.is_finite() or abs(exact) > LARGEST:
        raise ValueError(f"{amount!r} is not an amount")
    rounded = exact.quantize(Decimal(1), ROUND_HALF_EVEN)
    # Binary floats carry dust (17.99 * 100 = 1798.99…); a fraction that a person wrote is larger than that.
    if abs(exact - rounded) > Decimal("0.0001"):
        raise ValueError(f"{amount!r} is finer than the minor unit of {currency}")
    return int(rounded)


def to_micro(amount_minor: str | float | Decimal) -> int:
    """A unit cost in (fractional) minor units to integer micro-minor units: 0.2 分 -> 200_000."""
    return int((Decimal(str(amount_minor)) * MICRO).to_integral_value(ROUND_HALF_EVEN))


def format_money(minor: int, currency: str) -> str:
    """19900 CNY -> '¥199.00'; -5 USD -> '-$0.05'."""
    places = exponent(currency)
    number = f"{Decimal(abs(minor)).scaleb(-places):,.{places}f}"
    sign = SIGNS.get(currency.upper(), currency.upper() + " ")
    return f"{'-' if minor < 0 else ''}{sign}{number}"
