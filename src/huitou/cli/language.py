"""The terminal's language, zh or en: of our own words, and of what the command line's library says by itself.

Docstrings and `help=` texts are English and are the message ids of locale/zh_Hans/…/messages.po, a paragraph each. The
library (click, typer) asks gettext for its words under the domain `messages`, which is that same catalogue.
"""

from __future__ import annotations

import gettext
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "messages"  # gettext's default, which is what the library uses
# What typer says of wrong use without asking gettext.
WRONG_USE = (
    (r"No such option: (\S+) \(Possible options: (.+)\)", r"没有选项 \1，是不是 \2？"),
    (r"No such option: (\S+)", r"没有选项 \1"),
    (
        r"(?:No such command|没有命令) '(.+?)'[.。]+( Did you mean (.+)\?)?",
        lambda m: f"没有命令 {m[1]}" + (f"，是不是 {m[3]}？" if m[3] else "。"),
    ),
    (r"Missing argument '(.+?)'\.(.*)", r"缺少参数 \1。\2"),
    (r"Missing option '(.+?)'\.(.*)", r"缺少选项 \1。\2"),
    (r"Missing command\.", "缺少命令。"),
    (r"Option '(.+?)' requires an argument\.", r"选项 \1 后面要有值。"),
    (r"Option '(.+?)' does not take a value\.", r"选项 \1 不带值。"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", r"多了参数：\1"),
    (r"Invalid value for '(.+?)': (.+)", r"\1 的值不对：\2"),
    (r"(.*)Input should be a valid integer.*", r"\1要是整数。"),
    (r"(.*)Input should be a valid number.*", r"\1要是数字。"),
    (r"(.*)Input should be greater than or equal to (\S+)", r"\1不能小于 \2。"),
    (r"(.*)Input should be less than or equal to (\S+)", r"\1不能大于 \2。"),
    (r"(.*)'(.*)' is not a valid (?:int|integer|integer range)\.", r"\1\2 不是整数。"),
    (r"(.*)'(.*)' is not a valid (?:float|float range)\.", r"\1\2 不是数。"),
    (r"(.*?)(?:Value error, )?'(.*)' is not one of (.+)\.", r"\1\2 不在可选值之内：\3。"),
    (r"(.*?)(\S+) is not in the range (.+)\.", r"\1\2 不在 \3 之内。"),
)
EXAMPLE = re.compile(r"(huitou|[A-Z_]+=\S+ huitou) ")  # a paragraph that is a command line


def language() -> str:
    """The terminal's language: zh where HUITOU_LANG or the locale says so, else en."""
    locale = os.environ.get("HUITOU_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


def tell(zh: str, en: str) -> str:
    return zh if language() == "zh" else en


def prepare_library() -> None:
    """Before typer is imported: it looks its words up once, then."""
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    os.environ["LANGUAGE"] = "zh_Hans" if language() == "zh" else "en"


def translate_help(command: Any) -> None:
    """Put the help of a click command, of its parameters and of the commands below it into the terminal's language."""
    if language() != "zh":
        return
    command.help = translate(command.help)
    command.short_help = translate(command.short_help)
    _translate_frame(command)
    for parameter in command.params:
        parameter.help = translate(getattr(parameter, "help", None))
    for below in getattr(command, "commands", {}).values():
        translate_help(below)


def _translate_frame(command: Any) -> None:
    """The usage line and --help's own line, which typer makes late and in English."""
    make_option = command.get_help_option

    def help_option(ctx: Any) -> Any:
        option = make_option(ctx)
        if option is not None:
            option.help = translate(option.help)
        return option

    command.get_help_option = help_option
    command.format_usage = lambda ctx, formatter: formatter.write_usage(
        ctx.command_path, " ".join(command.collect_usage_pieces(ctx)), "用法："
    )


def translate_wrong_use(text: str) -> str:
    if language() != "zh":
        return text
    for pattern, ours in WRONG_USE:
        text = re.sub(f"^{pattern}$", ours, text, flags=re.DOTALL)
    return text


def translate(text: str | None) -> str | None:
    if not text:
        return text
    return "\n\n".join(part if EXAMPLE.match(part) else _catalogue().gettext(part) for part in paragraphs(text))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a help text, each on one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]


@cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, str(LOCALE), languages=["zh_Hans"], fallback=True)
