"""Uploaded files: imported with their state told, bad rows given back, nothing outside the folder, cut-offs said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from huitou.console import uploads
from huitou.events.connectors.base import Options
from huitou.kit.errors import NotFound, Refused
from huitou.kit.settings import settings

from .conftest import text_of

PRODUCTS = (
    "product_id,name,price,currency\nP7,岩茶,129.00,CNY\nP8,=cmd|'/c calc'!A1,1.00,CNY\n,无名,1.00,CNY\n".encode()
)


def stored(content: bytes = PRODUCTS, name: str = "products.csv") -> uploads.Upload:
    return uploads.store(name, [content], "lin")


def test_a_file_is_imported_and_its_bad_rows_given_back(django: None, clock: Any) -> None:
    done = uploads.run(stored(), Options(), None)
    assert (done.state, done.format, done.accepted, done.rejected) == ("done", "products", 2, 1)
    assert uploads.find(done.id) == done
    assert uploads.rejected_rows(done.id).read_text(encoding="utf-8-sig").startswith("row,")


def test_a_hopeless_file_is_refused_in_one_sentence(django: None, clock: Any) -> None:
    done = uploads.run(stored(b"\x00\x01\x02 nothing", "x.bin"), Options(), None)
    assert done.state == "refused"
    assert set(done.problem) >= {"zh", "en"}


def test_an_import_whose_process_is_gone_was_cut_off(django: None, clock: Any) -> None:
    upload = stored()
    state = settings().data / "uploads" / upload.id / "state.json"
    told = json.loads(state.read_text(encoding="utf-8"))
    state.write_text(json.dumps({**told, "process": 2**22 + 1}), encoding="utf-8")
    assert uploads.find(upload.id).state == "cut_off"


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "/abs/x.csv", "a/../../b.csv", "茶 (1).csv", "\x00.csv"])
def test_no_name_leads_outside_the_folder(django: None, clock: Any, name: str) -> None:
    upload = stored(name=name)
    folder = settings().data / "uploads" / upload.id
    assert [path.resolve().parent for path in folder.iterdir()] == [folder.resolve()] * 2
    assert (folder / upload.name).read_bytes() == PRODUCTS


def test_empty_and_too_large_files_are_refused(django: None, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused):
        stored(b"")
    monkeypatch.setattr(uploads, "LARGEST", 10)
    with pytest.raises(Refused):
        stored()


@pytest.mark.parametrize("number", ["..", "0123456789abcdeg", "0123456789abcdef", "", "../../secrets"])
def test_unknown_numbers_find_nothing(django: None, number: str) -> None:
    with pytest.raises(NotFound):
        uploads.find(number)


def test_upload_page_tells_what_became_of_it(english: Any, clock: Any) -> None:
    done = uploads.run(stored(), Options(), None)
    page = text_of(english.get("/intake"))
    assert "2 accepted, 0 duplicate, 1 rejected" in page
    answer = english.get(f"/intake/{done.id}/rejected")
    assert b"".join(answer.streaming_content).decode("utf-8-sig").startswith("row,")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_an_upload_without_a_file_or_with_a_wrong_time_is_refused(english: Any, tmp_path: Path) -> None:
    assert english.post("/intake/upload").status_code == 422
    file = tmp_path / "a.csv"
    file.write_bytes(PRODUCTS)
    with file.open("rb") as opened:
        assert english.post("/intake/upload", {"file": opened, "time_default": "noonish"}).status_code == 422
