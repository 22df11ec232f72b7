"""What a check found of one thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from huitou.kit.text import Text

State = Literal["good", "warning", "stop"]


@dataclass(frozen=True)
class Finding:
    """`stop` cannot be confirmed away; `todo` says what to do, `link` is the console's page where it is done."""

    name: str
    state: State
    message: Text
    todo: Text = field(default_factory=dict)
    link: str = ""


def good(name: str, zh: str, en: str) -> Finding:
    return Finding(name, "good", {"zh": zh, "en": en})


def warning(name: str, message: tuple[str, str], todo: tuple[str, str], link: str = "") -> Finding:
    return _found(name, "warning", message, todo, link)


def stop(name: str, message: tuple[str, str], todo: tuple[str, str], link: str = "") -> Finding:
    return _found(name, "stop", message, todo, link)


def _found(name: str, state: State, message: tuple[str, str], todo: tuple[str, str], link: str) -> Finding:
    return Finding(
        name, state, dict(zip(("zh", "en"), message, strict=True)), dict(zip(("zh", "en"), todo, strict=True)), link
    )
