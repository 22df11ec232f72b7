"""Ids as parts of an address. A browser takes `.` and `..` between slashes for folders and walks them before it asks, also
when they are written `%2E`: so they stand there with a `~` before them, and one more where there is one already."""

from __future__ import annotations

import re

from django.urls.converters import PathConverter

DOTS = re.compile(r"(?<![^/])~*\.{1,2}(?![^/])")
MARKED = re.compile(r"(?<![^/])~(?=~*\.{1,2}(?![^/]))")


class IdConverter(PathConverter):
    """Any text, slashes too."""

    def to_url(self, value: object) -> str:
        return DOTS.sub(r"~\g<0>", str(value))

    def to_python(self, value: str) -> str:
        return MARKED.sub("", value)
