"""The documentation's campaign files are campaign files, and they show every key there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from huitou.campaigns.keys import CampaignError
from huitou.campaigns.reading import default_text, read_campaign

DOC = Path(__file__).parents[2] / "docs" / "campaign-file.md"


def files() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)


def paths(table: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for key, value in table.items():
        inner = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        found |= paths(inner, f"{prefix}{key}.") if isinstance(inner, dict) else {prefix + key}
    return found


def test_every_example_is_a_campaign() -> None:
    short, whole = map(read_campaign, files())
    assert (short.name, short.automatic, short.holdout) == ("spring-tea", True, 0.1)
    assert [offer.kind for offer in whole.offers] == ["none", "discount", "spend_and_save", "no_threshold", "points"]
    assert whole.channel("sms").silent == ((20 * 60, 8 * 60), (12 * 60, 14 * 60))
    assert whole.offer("ten").text("en", "CNY") == "10% off everything"
    assert whole.content["email"]["zh"].stages["value"].body == whole.content["email"]["zh"].words.body


def test_every_key_of_the_shipped_file_is_explained() -> None:
    explained = paths(tomllib.loads(files()[1]))
    shipped = {path for path in paths(tomllib.loads(default_text())) if not path.startswith("content.")}
    assert shipped - explained == set()


def test_every_top_level_key_is_explained() -> None:
    """A key that is refused as unknown suggests nothing; one that is known and undocumented fails here."""
    explained = {path.split(".")[0] for path in paths(tomllib.loads(files()[1]))}
    known = set(re.findall(r'keys\.\w+\("(\w+)"', _reader()))
    known |= set(re.findall(r'_(?:quiet|each)\(keys, "(\w+)"', _reader()))
    assert {key for key in known if _is_top_level(key)} <= explained


def _is_top_level(key: str) -> bool:
    try:
        read_campaign(f"{key} = 1e99\n")
    except CampaignError as error:
        return "there is no such key" not in str(error)
    return True


def _reader() -> str:
    folder = Path(__file__).parents[2] / "src" / "huitou" / "campaigns"
    return (folder / "reading.py").read_text(encoding="utf-8")
