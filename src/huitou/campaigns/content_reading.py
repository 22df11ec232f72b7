"""The words of a campaign file: `[content.CHANNEL.LANGUAGE]`, and per stage `[content.CHANNEL.LANGUAGE.stages.NAME]`."""

from __future__ import annotations

from huitou.campaigns.definition import STAGES, Content, Words
from huitou.campaigns.keys import CampaignError, Keys
from huitou.campaigns.template_checks import Mistake, find_mistakes


class TemplateMistake(CampaignError):
    """A template that no message could be made from; `needle` is the line of the template where it stands."""

    def __init__(self, key: str, mistake: Mistake) -> None:
        self.needle = mistake.needle
        super().__init__(key, mistake.about["zh"], mistake.about["en"])

    def at_line(self, text: str) -> CampaignError:
        """The same complaint with its line in the file."""
        number = line_of(text, self.key, self.needle)
        if number is None:
            return self
        return CampaignError(
            self.key, f"第 {number} 行：{self.complaint['zh']}", f"line {number}: {self.complaint['en']}"
        )


def line_of(text: str, key: str, needle: str) -> int | None:
    """The line of the file, counted from 1, where a template's line stands: the first below its table's heading."""
    lines = text.splitlines()
    table = "".join(key.rpartition(".")[0].split())
    below = next((n for n, line in enumerate(lines) if "".join(line.split()).startswith(f"[{table}]")), -1)
    wanted = needle.strip()
    return next((n for n, line in enumerate(lines, 1) if n > below and wanted and wanted in line), None)


def read_contents(keys: Keys, *, strict: bool = True) -> dict[str, dict[str, Content]]:
    """{channel: {language: Content}}; every template is checked, so that a mistake shows before anything is sent.

    Not `strict`: as it was saved once, whatever is refused today.
    """
    contents: dict[str, dict[str, Content]] = {}
    for channel in keys.names():
        languages = keys.table(channel)
        contents[channel] = {
            language: _content(languages.table(language), strict=strict) for language in languages.names()
        }
        if not contents[channel]:
            raise CampaignError(languages.path, "一种语言的内容都没有。", "has no language, e.g. [content.email.zh]")
    return contents


def _content(keys: Keys, *, strict: bool) -> Content:
    words = _words(keys, strict=strict)
    staged = keys.table("stages")
    for name in staged.names():
        if name not in STAGES:
            raise staged.unknown(name, STAGES)
    keys.close()
    stages = {}
    for name in staged.names():
        table = staged.table(name)
        stages[name] = _words(table, words, strict=strict)
        table.close()
    return Content(words, stages)


def _words(keys: Keys, base: Words | None = None, *, strict: bool) -> Words:
    """A stage takes what it does not say from the language's own words."""
    body = _template(keys, "body", base.body if base else None, strict=strict)
    subject = _template(keys, "subject", (base.subject if base else None) or "", strict=strict)
    text = _template(keys, "text", (base.text if base and "body" not in keys else None) or "", strict=strict)
    assert body is not None
    return Words(body, subject, text)


def _template(keys: Keys, key: str, default: str | None, *, strict: bool) -> str | None:
    text = keys.text(key, default, least=0 if default is not None else 1)
    if strict and key in keys:
        for mistake in find_mistakes(text):
            raise TemplateMistake(keys.at(key), mistake)
    return text or None
