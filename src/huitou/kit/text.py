"""Words in the languages of the house.

A `Text` is a language map: {"zh": …, "en": …}. Interface strings of the console go through gettext instead;
this is for errors, reasons and whatever operators write themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

Text = Mapping[str, str]

LANGUAGES = ("zh", "en")


def language_of(tag: str | None) -> str:
    """'zh-Hans', 'zh_CN.UTF-8' -> 'zh'; 'en-GB' -> 'en'; anything unknown -> 'zh', the house's first language."""
    short = (tag or "").replace("_", "-").split("-")[0].split(".")[0].lower()
    return short if short in LANGUAGES else "zh"


def say(text: Text | str, language: str) -> str:
    """The text in that language, else in any language it has."""
    if isinstance(text, str):
        return text
    return text.get(language) or text.get("en") or next(iter(text.values()), "")
