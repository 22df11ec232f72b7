"""Who may make the first user: whoever sits at this machine, or knows the code that `huitou serve` prints.

The code is kept in the data folder's secrets and is gone with the first user.
"""

from __future__ import annotations

import hmac
from base64 import b32encode

from huitou.kit.settings import secret, settings

NAME = "first-run"
LETTERS = 16  # of 5 bits


def claim_code() -> str:
    """'K7Q2-9FJM-3XWA-B5NE'; made at first use."""
    letters = b32encode(secret(NAME)).decode()[:LETTERS]
    return "-".join(letters[at : at + 4] for at in range(0, LETTERS, 4))


def is_claim_code(text: str) -> bool:
    """Blanks, hyphens and capitals do not matter."""
    typed = "".join(text.split()).replace("-", "").upper()
    return hmac.compare_digest(typed.encode("utf-8", "replace"), claim_code().replace("-", "").encode())


def forget_claim_code() -> None:
    (settings().data / "secrets" / NAME).unlink(missing_ok=True)
