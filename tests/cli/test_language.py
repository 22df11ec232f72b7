"""Under HUITOU_LANG=zh the whole of --help is Chinese, and so is what is said of wrong use."""

from __future__ import annotations

import re
import subprocess
import sys

import polib
import pytest

from huitou.cli.language import EXAMPLE

from . import translations

ENGLISH_SENTENCE = re.compile(r"(?<![\w./<=-])[a-z]{2,} [a-z]{2,} [a-z]{2,}")


def say(*words: str, language: str = "zh") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "huitou", *words],
        env={"HUITOU_LANG": language, "COLUMNS": "200", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_every_paragraph_of_help_is_translated_and_nothing_else_is_kept() -> None:
    po = polib.pofile(str(translations.PO))
    assert [text for text in translations.help_paragraphs() if not (entry := po.find(text)) or not entry.msgstr] == []
    known = {*translations.help_paragraphs(), *(text for text, _ in translations.library_messages())}
    assert [entry.msgid for entry in po if entry.msgid not in known] == []


def test_compiled_catalogue_is_the_written_one() -> None:
    assert translations.MO.read_bytes() == polib.pofile(str(translations.PO)).to_binary()


def test_help_is_chinese_throughout() -> None:
    for words in (("--help",), ("plan", "--help"), ("import", "--help"), ("user", "--help")):
        lines = [line for line in say(*words).splitlines() if not EXAMPLE.match(line.strip())]
        assert ENGLISH_SENTENCE.findall("\n".join(lines)) == [], words


def test_help_is_english_where_the_terminal_is() -> None:
    assert "Show this message and exit." in say("plan", "--help", language="en")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "--foo"), "没有选项 --foo"),
        (("plann",), "没有命令 plann，是不是 'plan'？"),
        (("plan",), "缺少参数 BROADCAST。"),
        (("plan", "a", "b"), "多了参数：b"),
        (("plan", "--out"), "选项 --out 后面要有值。"),
        (("serve", "--port", "abc"), "--port abc 不是端口"),
        (("serve", "--only", "x"), "--only 的值不对：x 不在可选值之内"),
    ],
)
def test_wrong_use_is_told_in_chinese(words: tuple[str, ...], told: str) -> None:
    assert told in say(*words)
