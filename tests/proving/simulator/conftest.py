from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def shared_campaign() -> str:
    path = Path(__file__).parents[4] / "shared" / "examples" / "follow-up.toml"
    if not path.exists():
        pytest.skip("the shared examples are not beside this checkout")
    return path.read_text(encoding="utf-8")
