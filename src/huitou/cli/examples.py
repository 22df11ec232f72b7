"""Where the example broadcast lies."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def example(name: str) -> Path:
    """A file of the example broadcast: of the installed package, else of the checkout."""
    inside = Path(str(resources.files("huitou"))) / "examples" / name
    return inside if inside.exists() else Path(__file__).parents[3] / "examples" / name
