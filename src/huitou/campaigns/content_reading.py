"""The words of a campaign file: `[content.CHANNEL.LANGUAGE]`, and per stage `[content.CHANNEL.LANGUAGE.stages.NAME]`."""

from __future__ import annotations

from huitou.campaigns.definition import STAGES, Content, Words
from huitou.campaigns.keys import CampaignError, Keys


def read_contents(keys: Keys) -> dict[str, dict[str, Content]]:
    """{channel: {language: Content}}; every template is parsed, so that a mistake shows before anything is sent."""
    contents: dict[str, dict[str, Content]] = {}
    for channel in keys.names():
        languages = keys.table(channel)
        contents[channel] = {language: _content(languages.table(language)) for language in languages.names()}
        if not contents[channel]:
            raise CampaignError(languages.path, "一种语言的内容都没有。", "has no language, e.g. [content.email.zh]")
    return contents


def _content(keys: Keys) -> Content:
    words = _words(keys)
    staged = keys.table("stages")
    for name in staged.names():
        if name not in STAGES:
            raise staged.unknown(name, STAGES)
    keys.close()
    stages = {}
    for name in staged.names():
        table = staged.table(name)
        stages[name] = _words(table, words)
        table.close()
    return Content(words, stages)


def _words(keys: Keys, base: Words | None = None) -> Words:
    """A stage takes what it does not say from the language's own words."""
    body = _template(keys, "body", base.body if base else None)
    subject = _template(keys, "subject", (base.subject if base else None) or "")
    text = _template(keys, "text", (base.text if base and "body" not in keys else None) or "")
    assert body is not None
    return Words(body, subject, text)


def _template(keys: Keys, key: str, default: str | None) -> str | None:
    from liquid import Environment
    from liquid.exceptions import LiquidError

    text = keys.text(key, default, least=0 if default is not None else 1)
    try:
        Environment().from_string(text)
    except LiquidError as error:
        said = str(error).splitlines()[0]
        raise CampaignError(keys.at(key), f"模板有误：{said}。", f"the template is wrong: {said}") from error
    return text or None
