"""Contact details as they are shown until somebody asks for them: enough to tell people apart, not to write to them."""

from __future__ import annotations


def mask(kind: str, value: str) -> str:
    """+8613812345678 -> +86 138****5678; lin@example.com -> l***@example.com; others keep their ends."""
    if kind == "phone":
        return f"{value[:-8]}****{value[-4:]}" if len(value) >= 11 else "****"
    if kind == "email":
        local, _, domain = value.partition("@")
        return f"{local[:1]}***@{domain}"
    if len(value) <= 8:
        return value[:1] + "***"
    return f"{value[:4]}…{value[-4:]}"
