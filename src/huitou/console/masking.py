"""Contact details as they are shown until somebody asks for them: enough to tell people apart, not to write to them."""

from __future__ import annotations


def mask(kind: str, value: str) -> str:
    """+8613812345678 -> +86138****5678; lin@example.com -> l***@example.com; ids that nobody can write to stay."""
    if kind == "phone":
        return f"{value[:-8]}****{value[-4:]}" if len(value) >= 11 else "****"
    if kind == "email":
        local, _, domain = value.partition("@")
        return f"{local[:1]}***@{domain}"
    return value
