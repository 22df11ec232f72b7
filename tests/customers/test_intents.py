from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.customers.intents import INTENTS, comment_intents, find_intents


@pytest.mark.parametrize(
    ("comment", "intents"),
    [
        ("怎么买", ["how_to_buy"]),
        ("多少钱？链接发我", ["price", "link"]),
        ("有M码吗 尺码表", ["size"]),
        ("这个有货吗", ["stock"]),
        ("刚才那个是几号", ["link"]),
        ("How MUCH is it?", ["price"]),
        ("link please", ["link"]),
        ("blinking priceless", []),
        ("晚上好主播", []),
        ("", []),
    ],
)
def test_what_comments_ask(comment: str, intents: list[str]) -> None:
    assert find_intents(comment) == intents


def test_intents_as_a_table() -> None:
    comments = pa.array(["多少钱？链接发我", None, "晚上好"])

    assert comment_intents(comments).to_pylist() == [
        {"content": "多少钱？链接发我", "intent": "price"},
        {"content": "多少钱？链接发我", "intent": "link"},
    ]
    assert comment_intents(pa.array([], pa.string())).num_rows == 0
    assert all(name["zh"] and name["en"] for name in INTENTS.values())


def test_real_comments(shared: Path) -> None:
    """Comments under product videos, part of them labelled as questions by their collectors."""
    table = pq.read_table(shared / "data" / "live_commerce_comments.parquet")
    rows = [row for row in table.to_pylist() if row["comment_text"] and row["user_question"] is not None]
    found = [bool(find_intents(row["comment_text"])) for row in rows]
    asked = [row["user_question"] > 0 for row in rows]
    hits = sum(one and other for one, other in zip(found, asked, strict=True))

    # Questions of every kind are labelled, ours are about buying: few of theirs, and ours more often theirs than not
    # by chance.
    assert hits * len(rows) > sum(found) * sum(asked)
