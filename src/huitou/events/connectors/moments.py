"""Moments as people and spreadsheets write them; without an offset they are local.

Read are: 2026-11-20 19:09:28, 2026/11/20 9:05, 2026.11.20, 2026年11月20日 下午8:10, 20:10:05.123, 20.10, 10:00 PM,
20 Nov 2026, Nov 20, 2026, 25/12/2026, 20261120, 20261120191000, epoch seconds, milliseconds and microseconds, and the
day numbers of spreadsheets (46346.84, the 1900 system). Full-width digits and invisible marks are no obstacle.

What may be two days is none: 03/04/2026 is refused, unless `day_order` of the whole column has settled it. Days with
dots (03.04.2026) are written day first wherever they are written. How many digits a bare number has says what it is;
day numbers are taken from 1970 to 2099 (25569 to 73050), so neither a year nor an 8-digit date is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from huitou.kit import clock
from huitou.kit.ids import without_marks

DayOrder = Literal["day first", "month first"]

EPOCH_DIGITS = {10: clock.SECOND, 13: 1_000, 16: 1}  # seconds until 2286, milliseconds, microseconds
DAY_NUMBERS = range(25_569, 73_051)  # of spreadsheets: 1970-01-01 to 2100-01-01; 0 is 1899-12-30
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_MORNING = ("上午", "早上", "清晨", "凌晨", "早晨", "am", "a.m.")
_EVENING = ("下午", "晚上", "傍晚", "中午", "pm", "p.m.")
_HALF = "|".join(re.escape(word) for word in (*_MORNING, *_EVENING))
_BARE = re.compile(r"(\d+)(\.\d+)?")
_MOMENT = re.compile(
    rf"""
    (?:[a-z]{{3,9}},?\s+)??                                                         # Friday,
    (?:
        (?P<year>\d{{4}})\s*[-/.年]\s*(?P<month>\d{{1,2}})\s*[-/.月]\s*(?P<day>\d{{1,2}})\s*[日号]?
      | (?P<digits>(?:19|20)\d{{6}})
      | (?P<one>\d{{1,2}})(?P<mark>[-/.])(?P<two>\d{{1,2}})(?P=mark)(?P<year2>\d{{4}})
      | (?P<day3>\d{{1,2}})[-\s](?P<name3>[a-z]{{3,9}})\.?[-,\s]\s*(?P<year3>\d{{4}})
      | (?P<name4>[a-z]{{3,9}})\.?\s(?P<day4>\d{{1,2}}),?\s(?P<year4>\d{{4}})
    )
    (?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?
    (?:
        (?:,?\s*t?\s*|\s+at\s+)                                                     # 2026-11-20T…
        (?P<before>{_HALF})?\s*
        (?P<hour>\d{{1,2}})
        (?:\s*[:.时点]\s*(?:(?P<minute>\d{{2}}|\d(?=\s*分))\s*分?
            (?:\s*[:.]?\s*(?P<second>\d{{1,2}})(?:[.,](?P<fraction>\d{{1,9}}))?\s*秒?)?)?)?
        \s*(?P<after>{_HALF})?
        \s*(?P<zone>z|(?:utc|gmt)?[+-]\d{{1,2}}(?::?\d{{2}})?|utc|gmt)?
    )?
    """,
    re.VERBOSE,
)
_TWO_WAYS = re.compile(r"\s*(\d{1,2})([-/])(\d{1,2})\2(\d{4})(?!\d)")


class TwoDays(ValueError):
    """Which of the two numbers is the day cannot be told."""


def read_moment(cell: Any, zone: str) -> int:
    """Epoch µs; ValueError where it is no moment, TwoDays where it may be two."""
    if isinstance(cell, datetime):
        at = clock.from_datetime(cell if cell.tzinfo else cell.replace(tzinfo=clock.zone_of(zone)))
        return _within(at)
    if isinstance(cell, date):
        return clock.parse_time(cell.isoformat(), zone)
    return _read_text(cell if isinstance(cell, str) else _plain(cell), zone)


def is_whole_day(cell: Any) -> bool:
    """Whether the cell names a day and no time of it."""
    if isinstance(cell, datetime) or cell is None:
        return False
    if isinstance(cell, date):
        return True
    text = _tidy(cell if isinstance(cell, str) else _plain(cell))
    bare = _BARE.fullmatch(text)
    if bare:
        return len(bare[1]) in (5, 8) and not (bare[2] or "").strip(".0")
    match = _MOMENT.fullmatch(text)
    return match is not None and match["hour"] is None


def day_order(cells: Iterable[Any]) -> DayOrder | None:
    """The order of all cells like 25/12/2026, None where none of them settles it or they contradict each other."""
    found: set[DayOrder] = set()
    for cell in cells:
        match = _TWO_WAYS.match(cell) if type(cell) is str else None
        if match and int(match[1]) > 12:
            found.add("day first")
        elif match and int(match[3]) > 12:
            found.add("month first")
    return found.pop() if len(found) == 1 else None


def may_be_two_days(cell: Any) -> bool:
    """Whether the cell is written like 03/04/2026, in whichever order."""
    return type(cell) is str and _TWO_WAYS.match(cell) is not None


def in_order(cell: Any, order: DayOrder) -> Any:
    """03/04/2026 20:10 as 2026-04-03 20:10 where the order says so; any other cell as it is."""
    match = _TWO_WAYS.match(cell) if type(cell) is str else None
    if match is None:
        return cell
    day, month = (match[1], match[3]) if order == "day first" else (match[3], match[1])
    return f"{match[4]}-{month:0>2}-{day:0>2}{cell[match.end() :]}"


def _plain(cell: Any) -> str:
    """A number without the sign of a float: 46346.0, Decimal('46346') and 46346 are one."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return str(cell)
    return f"{cell:.10f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)


@lru_cache(maxsize=8_192)  # an order's times come on every row of it, and are read more than once
def _read_text(text: str, zone: str) -> int:
    if len(text) == 19 and text[10] == " " and text[13] == text[16] == ":" and text.isascii():
        return clock.parse_time(text, zone)  # as most exports write it, at a fifth of the time
    text = _tidy(text)
    bare = _BARE.fullmatch(text)
    if bare:
        return _from_number(bare, zone)
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time")
    moment = datetime(*_day(match), *_time(match))  # noqa: DTZ001 - its zone follows
    if match["zone"]:
        return _within(clock.from_datetime(moment) - _offset(match["zone"]))
    return _within(clock.from_datetime(moment.replace(tzinfo=clock.zone_of(zone))))


def _tidy(text: str) -> str:
    plain = without_marks(unicodedata.normalize("NFKC", text)).strip().lstrip("'").strip()
    return plain.lower()


def _within(at: int) -> int:
    if not 0 <= at < 7_258_118_400 * clock.SECOND:
        raise ValueError("outside the years 1970 to 2200")
    return at


def _from_number(bare: re.Match[str], zone: str) -> int:
    whole, fraction = bare[1], (bare[2] or "").rstrip("0").rstrip(".")
    digits = len(whole)
    if digits == 5 and int(whole) in DAY_NUMBERS:
        # Day numbers carry the dust of binary fractions; spreadsheets show milliseconds at best.
        milliseconds = round(Decimal(whole + fraction) * (clock.DAY // 1_000))
        moment = datetime(1899, 12, 30) + timedelta(milliseconds=milliseconds)  # noqa: DTZ001 - its zone follows
        return _within(clock.from_datetime(moment.replace(tzinfo=clock.zone_of(zone))))
    if digits in EPOCH_DIGITS:
        return _within(round(Decimal(whole + fraction) * EPOCH_DIGITS[digits]))
    if fraction or digits not in (8, 12, 14):
        raise ValueError("no time has so many digits")
    form = "%Y%m%d%H%M%S"[: {8: 6, 12: 10, 14: 12}[digits]]
    moment = datetime.strptime(whole, form)  # noqa: DTZ007 - its zone follows
    return _within(clock.from_datetime(moment.replace(tzinfo=clock.zone_of(zone))))


def _day(match: re.Match[str]) -> tuple[int, int, int]:
    if digits := match["digits"]:
        return int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if match["year"]:
        return int(match["year"]), int(match["month"]), int(match["day"])
    for number in ("3", "4"):
        if name := match["name" + number]:
            return int(match["year" + number]), _month(name), int(match["day" + number])
    one, two = int(match["one"]), int(match["two"])
    if match["mark"] == "." or one > 12 or one == two:
        return int(match["year2"]), two, one
    if two > 12:
        return int(match["year2"]), one, two
    raise TwoDays


def _month(name: str) -> int:
    full = {"sept": "sep", "june": "jun", "july": "jul", "march": "mar", "april": "apr"}
    long = ("january", "february", "august", "september", "october", "november", "december")
    short = full.get(name) or (name[:3] if name in long else name)
    if short not in _MONTHS:
        raise ValueError(f"{name!r} is no month")
    return _MONTHS.index(short) + 1


def _time(match: re.Match[str]) -> tuple[int, int, int, int]:
    hour = int(match["hour"] or 0)
    half = match["before"] or match["after"]
    if match["before"] and match["after"]:
        raise ValueError("says twice which half of the day it is")
    fraction = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return _hour(hour, half), int(match["minute"] or 0), int(match["second"] or 0), fraction


def _hour(hour: int, half: str | None) -> int:
    """12 PM is noon and 12 AM midnight; 下午20:10 is 20:10 all the same; 晚上12:10 may be either day's."""
    if half in _MORNING:
        if hour > 12:
            raise ValueError("no morning has such an hour")
        return hour % 12
    if half == "晚上" and hour == 12:
        raise ValueError("midnight of which day?")
    if half == "中午":
        return hour + 12 if hour < 3 else hour
    return hour + 12 if half and hour < 12 else hour


def _offset(zone: str) -> int:
    """Microseconds east of Greenwich."""
    said = zone.removeprefix("utc").removeprefix("gmt").removeprefix("z")
    if not said:
        return 0
    digits = said[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 14 or minutes > 59:
        raise ValueError("no zone is so far away")
    return (hours * 60 + minutes) * clock.MINUTE * (-1 if said[0] == "-" else 1)
