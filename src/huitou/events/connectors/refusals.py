"""What is said of a file none of which goes in."""

from __future__ import annotations

from pathlib import Path

from huitou.kit.errors import Refused


def refuse_file(path: Path, zh: str, en: str, code: str | None = None) -> Refused:
    return Refused({"zh": f"{path.name}：{zh}", "en": f"{path.name}: {en}"}, code=code)
