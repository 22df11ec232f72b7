"""A list as a CSV file that spreadsheets open as it is: UTF-8 with its mark, formulas as text, sent as it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from huitou.kit.spreadsheet import guarded

CHUNK = 2_000  # rows written at a time
MARK = "\ufeff"  # else spreadsheets read Chinese as something else


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """`name` without its ending. The rows are asked for while the file goes out, so that a long list needs no memory."""
    response = StreamingHttpResponse(_later(_chunks(columns, iter(rows))), content_type="text/csv; charset=utf-8")
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in name)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}.csv\"; filename*=UTF-8''{quote(name, safe='')}.csv"
    )
    return response


def _chunks(columns: Sequence[str], rows: Iterator[Sequence[object]]) -> Iterator[bytes]:
    yield (MARK + _lines([columns])).encode()
    while chunk := list(islice(rows, CHUNK)):
        yield _lines(chunk).encode("utf-8", "replace")


def _lines(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(["" if cell is None else guarded(cell) for cell in row])
    return text.getvalue()


async def _later(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each chunk is made in a thread: the event loop serves others meanwhile."""
    take = sync_to_async(lambda: next(chunks, None), thread_sensitive=False)
    while (chunk := await take()) is not None:
        yield chunk
