"""What is said of a file none of which goes in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from huitou.kit.errors import Refused

NAMES = 60  # columns or sheets that a message lists; exports of the largest platforms have as many
LONGEST_NAME = 60  # characters


def listed(names: Iterable[str]) -> str:
    """The names as a message shows them: of very many the first, and how many there are."""
    every = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names]
    return ", ".join(every[:NAMES]) + (f" … ({len(every):,})" if len(every) > NAMES else "")


def refuse_file(path: Path, zh: str, en: str, code: str | None = None) -> Refused:
    return Refused({"zh": f"{path.name}：{zh}", "en": f"{path.name}: {en}"}, code=code)
