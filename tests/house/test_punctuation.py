"""Chinese is written with its own punctuation: ，。：；（）？！ beside a Chinese character, never the half-width signs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "huitou"
HAN = r"\u3400-\u9fff"
HALF = re.compile(rf"[{HAN}”）》」][,:;()?!]|[,:;()?!][{HAN}“（《「]|[{HAN}][,:;?!] |\)[{HAN}]")
# Not written by us, or in English: headers as exports have them, words of cells, patterns that find them, and formats of data.
FOREIGN = (
    "events/connectors/columns.py", "events/connectors/words.py", "events/connectors/cells.py", "events/connectors/durations.py",
    "events/connectors/moments.py", "customers/intents.py", "measurement/replies.py", "delivery/channels/email/replies.py",
    "events/people.py", "proving/simulator/week.py", "kit/money.py",
)  # fmt: skip
FORMATS = re.compile(
    r"^https?://|\S\|\S.*\||^B20 冬茶专场, |\(\?[:!=<P]|\\[wdsbS]|\[\^|^[\w\-]+[.:][\w\-.:]+$|blast:时机"
)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of everything that may be shown: strings of Python but for docstrings, messages, templates."""
    if path.suffix == ".py":
        yield from _strings(ast.parse(path.read_text("utf-8")))
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if path.suffix == ".po" and not line.startswith(("msgstr", '"')):
            continue
        if path.suffix == ".toml" and line.lstrip().startswith("#"):
            continue
        yield number, re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", "", line)


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    docs = {id(node.body[0].value) for node in ast.walk(tree) if _has_doc(node)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield from enumerate(node.value.split("\n"), node.lineno)
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "" for part in node.values)
            yield from enumerate("".join(map(str, parts)).split("\n"), node.lineno)


def _has_doc(node: ast.AST) -> bool:
    body = getattr(node, "body", None)
    return bool(
        isinstance(body, list)
        and body
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )


def offenders() -> list[str]:
    found = []
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix not in (".py", ".po", ".html", ".toml", ".txt", ".js", ".mjml") or "vendor" in path.parts:
            continue
        where = path.relative_to(SOURCE).as_posix()
        if where in FOREIGN:
            continue
        found += [
            f"{where}:{number}: {text.strip()[:120]}"
            for number, text in texts(path)
            if re.search(f"[{HAN}]", text) and HALF.search(text) and not FORMATS.search(text)
        ]
    return sorted(set(found))


def messages() -> Iterator[tuple[str, str]]:
    """(where, text) of every Chinese half of a message in the code, also of the files that are let off above; a value
    put into it stands as 字."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for value in _chinese_halves(node):
                yield f"{path.relative_to(SOURCE).as_posix()}:{value.lineno}", _text(value)


def _chinese_halves(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Dict):
        yield from (value for key, value in zip(node.keys, node.values, strict=True) if _is_zh(key))
    if isinstance(node, ast.Assign) and any(isinstance(name, ast.Name) and name.id == "zh" for name in node.targets):
        yield node.value


def _is_zh(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and key.value == "zh"


def _text(value: ast.expr) -> str:
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "字" for part in value.values)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


MACHINE = re.compile(r"字:字(?=\W|$)|--\w+ \S+")  # a host and its port; an option as it is typed


def test_chinese_has_its_own_punctuation() -> None:
    assert offenders() == []


def test_messages_keep_it_before_and_after_the_values_put_into_them() -> None:
    wrong = re.compile(rf"{HALF.pattern}|[A-Z][:,]字")  # 不是合法的 JSON:字
    halves = ((where, MACHINE.sub("", text)) for where, text in messages() if re.search(f"[{HAN}]", text))
    assert [f"{where}: {text}" for where, text in halves if wrong.search(text)] == []


def test_what_the_rule_finds() -> None:
    for wrong in ("打不开(没有权限)", "你好,朋友", "价格:9", "好吗?", "完成!", "导入 3 行;退回", "（见下）:"):
        assert HALF.search(wrong), wrong
    for right in ("打不开（没有权限）", "20:00 开播", "第 3 行，退回 2", "用 --map user_id=列名", "1:3 的比例"):
        assert not HALF.search(right), right
