"""Reading a campaign file key by key: every complaint names the key, what was written and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from huitou.kit.errors import Refused
from huitou.kit.text import Text

LARGEST = 10**15  # minor units, see kit.money


class CampaignError(Refused):
    """A campaign file that cannot be used; `key` is the path to the key, e.g. timing[2].hours, and `complaint` what is
    wrong with it, without the key."""

    code = "campaign"

    def __init__(self, key: str, zh: str, en: str) -> None:
        self.key = key
        self.complaint: Text = {"zh": zh, "en": en}
        where_zh, where_en = (f"{key}：", f"{key}: ") if key else ("", "")
        super().__init__({"zh": f"触达活动文件 {where_zh}{zh}", "en": f"campaign file, {where_en}{en}"})


class Keys:
    """One table of the file. Each read takes its key off the list; `close` refuses what nobody asked for."""

    def __init__(self, table: Mapping[str, Any], path: str = "") -> None:
        self.path = path
        self._table = table
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def raw(self, key: str) -> object:
        return self._table.get(key)

    def names(self) -> list[str]:
        return list(self._table)

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str, default: str | None = None, *, least: int = 1) -> str:
        return self._read(
            key, default, lambda v: isinstance(v, str) and len(v.strip()) >= least, ("一段文字", "a text")
        )

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise self.wrong(key, value, _one_of(allowed, "是"), f"must be {_one_of(allowed, 'or')}", value, allowed)
        return value

    def flag(self, key: str, default: bool) -> bool:
        return self._read(key, default, lambda v: isinstance(v, bool), ("true 或 false", "true or false"))

    def integer(self, key: str, default: int | None = None, *, low: int = 0, high: int = LARGEST) -> int:
        allowed = (f" {low} 到 {high} 的整数", f"an integer from {low} to {high}")
        return self._read(key, default, lambda v: _is_integer(v) and low <= v <= high, allowed)

    def number(self, key: str, default: float | None = None, *, low: float = 0, high: float = LARGEST) -> float:
        allowed = (f" {low:g} 到 {high:g} 的数", f"a number from {low:g} to {high:g}")
        return float(self._read(key, default, lambda v: _is_number(v) and low <= v <= high, allowed))

    def numbers(self, key: str, *, low: float, high: float) -> tuple[float, ...]:
        """A list of numbers in rising order; a single number counts as a list of one."""
        allowed = (
            f"由小到大的一列数，每个在 {low:g} 到 {high:g} 之间",
            f"a rising list of numbers, each from {low:g} to {high:g}",
        )

        def fits(value: Any) -> bool:
            values = value if isinstance(value, list) else [value]
            numeric = bool(values) and all(_is_number(v) and low <= v <= high for v in values)
            return numeric and all(a < b for a, b in pairwise(values))

        value = self._read(key, None, fits, allowed)
        return tuple(float(v) for v in (value if isinstance(value, list) else [value]))

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        allowed = ("一列文字", "a list of texts")
        return tuple(self._read(key, list(default), _are_texts, allowed))

    def pairs(self, key: str, default: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """[[1, 1], [7, 3]]: pairs of positive integers."""
        allowed = ("形如 [7, 3] 的几组数（天数与次数），都是正整数", "a list of [days, times], positive integers")

        def fits(value: object) -> bool:
            return isinstance(value, list) and all(
                isinstance(pair, list) and len(pair) == 2 and all(_is_integer(n) and 0 < n <= 10_000 for n in pair)
                for pair in value
            )

        return tuple((a, b) for a, b in self._read(key, [list(pair) for pair in default], fits, allowed))

    def table(self, key: str) -> Keys:
        """The table of that name; an empty one where it is not there."""
        value = self._read(key, {}, lambda v: isinstance(v, dict), ("一个表 [名称]", "a table [name]"))
        return Keys(value, self.at(key))

    def tables(self, key: str) -> list[Keys] | None:
        """The tables [[key]] in order; None where the file has none."""
        if key not in self._table:
            self._asked.append(key)
            return None
        allowed = (f"若干个 [[{key}]]", f"tables written [[{key}]]")
        value = self._read(
            key, None, lambda v: isinstance(v, list) and v and all(isinstance(t, dict) for t in v), allowed
        )
        return [Keys(table, f"{self.at(key)}[{index}]") for index, table in enumerate(value, 1)]

    def allow(self, *names: str) -> None:
        """These keys may stand here although nobody reads them now."""
        self._asked.extend(names)

    def close(self) -> None:
        """Refuse the first key that was never asked for."""
        for key in self._table:
            if key not in self._asked:
                raise self.unknown(key, self._asked)

    def unknown(self, key: str, known: Iterable[str]) -> CampaignError:
        zh, en = _guess(key, known)
        return CampaignError(self.at(key), f"没有这个键。{zh}", f"there is no such key{en}")

    def wrong(
        self, key: str, value: object, zh: str, en: str, guess: str = "", known: Iterable[str] = ()
    ) -> CampaignError:
        hint_zh, hint_en = _guess(guess, known) if guess else ("", "")
        shown = _show(value)
        return CampaignError(self.at(key), f"写的是 {shown}，应当{zh}。{hint_zh}", f"{shown} {en}{hint_en}")

    def _read(self, key: str, default: Any, fits: Callable[[Any], object], allowed: tuple[str, str]) -> Any:
        self._asked.append(key)
        if key not in self._table:
            if default is None:
                raise CampaignError(self.at(key), f"缺少这个键，应当是{allowed[0]}。", f"is missing: {allowed[1]}")
            return default
        value = self._table[key]
        if not fits(value):
            raise self.wrong(key, value, f"是{allowed[0]}", f"must be {allowed[1]}")
        return value


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """TOML knows nan, which equals nothing, itself included."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)


def _one_of(allowed: Sequence[str], word: str) -> str:
    if word == "是":
        return "是 " + "、".join(allowed) + " 之一"
    return ", ".join(allowed[:-1]) + f" {word} {allowed[-1]}" if len(allowed) > 1 else allowed[0]


def _show(value: object) -> str:
    if isinstance(value, str):
        return f'"{value[:60]}"'
    return str(value).lower() if isinstance(value, bool) else str(value)[:60]


def _guess(key: str, known: Iterable[str]) -> tuple[str, str]:
    close = difflib.get_close_matches(key.lower(), list(known), n=1, cutoff=0.5)
    return (f"是不是想写 {close[0]}?", f"; did you mean {close[0]}?") if close else ("", "")
