"""How much a template may cost: time of the processor, and the size of every value on the way.

Liquid limits loops and output, but not what happens within one expression: `{{ n | times: n | times: n … }}` computes
for minutes, `{{ (1..1000000000) | reverse }}` takes all memory, and with them the sender and the pages stand still.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from liquid import Environment, RenderContext, Token
from liquid.ast import BlockNode
from liquid.builtin.filters.array import join as join_items
from liquid.builtin.filters.misc import date as date_of
from liquid.builtin.filters.string import strip_html as without_tags
from liquid.exceptions import ResourceLimitError
from liquid.filter import with_environment

LONGEST_TEXT = 500_000  # characters; a mail's output ends at so many bytes
LONGEST_LIST = 10_000
MOST_BITS = 1_024  # of a number
MOST_MARKUP = 50_000  # characters that tags are taken out of, which takes time by their square
LONGEST_FORMAT = 200  # characters of a date's format
WIDE = re.compile(r"%[-_0^#+]*\d{3}")  # a date that is filled up to hundreds of characters
MOST_SECONDS = 2.0  # of the processor, not of the clock: a busy machine makes no template wrong


class BoundedContext(RenderContext):
    """A context whose filters take and return values of bounded size, until its time is over."""

    __slots__ = ("ends_at",)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.ends_at = time.thread_time() + MOST_SECONDS

    def check_time(self) -> None:
        if time.thread_time() > self.ends_at:
            raise ResourceLimitError(f"it takes longer than {MOST_SECONDS:.0f} s", token=None)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        self.check_time()
        function = super().filter(name, token)

        def bounded(*given: object, **named: object) -> object:
            for value in given:
                check_size(value)
            result = function(*given, **named)
            check_size(result)
            return result

        return bounded


class BoundedBlock(BlockNode):
    """What stands inside a loop or a condition: each round asks for the time."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        if isinstance(context, BoundedContext):
            context.check_time()
        return super().render_to_output(context, buffer)


def check_size(value: object) -> None:
    """ResourceLimitError for a value that is larger than any message needs."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise ResourceLimitError(f"a text of over {LONGEST_TEXT} characters", token=None)
    elif isinstance(value, int):
        if value.bit_length() > MOST_BITS:
            raise ResourceLimitError("a number with too many digits", token=None)
    elif isinstance(value, list | tuple):
        if len(value) > LONGEST_LIST:
            raise ResourceLimitError(f"a list of over {LONGEST_LIST} items", token=None)
    elif isinstance(value, range) and not value.stop - value.start <= LONGEST_LIST:  # len() overflows
        raise ResourceLimitError(f"a range of over {LONGEST_LIST} numbers", token=None)


@with_environment
def join(left: Iterable[object], separator: object = " ", *, environment: Environment) -> str:
    """Liquid's join, refused before it makes a text that is too long."""
    items = list(left) if isinstance(left, list | tuple | range) else [left]
    size = len(str(separator)) * len(items) + sum(len(item) for item in items if isinstance(item, str))
    if size > LONGEST_TEXT:
        raise ResourceLimitError("join would exceed the output limit", token=None)
    joined: str = join_items(left, separator, environment=environment)
    return joined


@with_environment
def date(moment: Any, form: Any, *, environment: Environment) -> str:
    """Liquid's date, whose format cannot ask for a million digits."""
    if isinstance(form, str) and (len(form) > LONGEST_FORMAT or WIDE.search(form)):
        raise ResourceLimitError("a date's format that is too long", token=None)
    told: str = date_of(moment, form, environment=environment)
    return told


@with_environment
def strip_html(value: object, *, environment: Environment) -> str:
    """Liquid's strip_html, of texts as long as a mail's words."""
    if isinstance(value, str) and len(value) > MOST_MARKUP:
        raise ResourceLimitError(f"strip_html of over {MOST_MARKUP} characters", token=None)
    stripped: str = without_tags(value, environment=environment)
    return stripped
