"""Uploaded files: imported with their state told, bad rows given back, nothing outside the folder, cut-offs said."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from huitou.console import uploads
from huitou.console.reads import snapshot
from huitou.events.connectors.base import Options
from huitou.kit.errors import NotFound, Refused
from huitou.kit.settings import settings

from .conftest import text_of

pytestmark = pytest.mark.usefixtures("reads_here")
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


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd", "..", "/abs/x.csv", "a/../../b.csv", "茶 (1).csv", "\x00.csv", "state.json", "state.new", "content",
        "a\nb.csv", "\u202egnp.csv", "长" * 300 + ".csv.gz", "x." + "y" * 300, "NUL.csv", "com1", "C:\\fakepath\\a.csv", "\ud800.csv", "",
    ],
)  # fmt: skip
def test_no_name_leads_outside_the_folder_or_meets_a_name_of_ours(django: None, clock: Any, name: str) -> None:
    upload = uploads.run(stored(name=name), Options(), None)
    folder = settings().data / "uploads" / upload.id
    assert sorted(path.name for path in folder.iterdir()) == ["content", "state.json"]
    assert sorted(path.name for path in (folder / "content").iterdir()) == sorted((upload.name, upload.rejected_file))
    assert (folder / "content" / upload.name).read_bytes() == PRODUCTS
    assert (upload.state, upload.accepted) == ("done", 2)
    assert upload.name.isprintable()


def test_a_long_name_keeps_its_ending(django: None) -> None:
    assert uploads.safe_name("订单" * 200 + ".csv.gz").endswith("订.csv.gz")
    assert uploads.safe_name("C:\\fakepath\\订单.csv") == "订单.csv"


def test_files_of_an_earlier_version_are_imported_again(django: None, clock: Any) -> None:
    upload = stored()
    folder = settings().data / "uploads" / upload.id
    (folder / "content" / upload.name).rename(folder / upload.name)
    (folder / "content").rmdir()
    assert uploads.run(upload, Options(), None).accepted == 2
    assert uploads.rejected_rows(upload.id).parent == folder


def test_empty_and_too_large_files_are_refused(django: None, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused):
        stored(b"")
    monkeypatch.setattr(uploads, "LARGEST", 10)
    with pytest.raises(Refused):
        stored()


WATCH = b'{"errcode": 0, "stat_info": {"external_users": [{"external_userid": "wm1", "watch_time": 300}]}}'


def test_a_file_that_does_not_say_which_broadcast_it_is_of_is_kept_and_asked_about(
    english: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = uploads.run(stored(WATCH, "watch_stat.json"), Options(), None)
    assert (asked.state, asked.question) == ("asks", {"needs": "broadcast", "broadcasts": []})
    page = text_of(english.get("/intake"))
    assert "does not say which broadcast" in page
    assert snapshot.broadcasts() == []
    monkeypatch.setattr(uploads, "start", uploads.run)
    for form, told in (
        ({}, "Say when the new broadcast began or ended."),
        ({"started": "tonight"}, "“tonight” is not a time."),
    ):
        answer = english.post(f"/intake/{asked.id}/placed", form)
        assert (answer.status_code, told in text_of(answer)) == (422, True)
    form = {"title": "双十一返场", "started": "2026-11-20T17:00", "ended": "2026-11-20T19:00"}
    assert english.post(f"/intake/{asked.id}/placed", form).status_code == 302
    done = uploads.find(asked.id)
    assert (done.state, done.accepted) == ("done", 1)
    [show] = snapshot.broadcasts()
    assert (show.broadcast, show.title) == ("20261120-1700", "双十一返场")
    second = uploads.run(stored(WATCH.replace(b"wm1", b"wm2"), "page2.json"), Options(), None)
    assert english.post(f"/intake/{second.id}/placed", {"broadcast": "20261120-1700"}).status_code == 302
    assert uploads.find(second.id).accepted == 1
    assert [one.broadcast for one in snapshot.broadcasts()] == ["20261120-1700"]


def test_of_a_broadcast_that_the_file_names_only_the_time_is_asked(
    english: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = WATCH.replace(b'{"errcode"', b'{"livingid": "wl7", "errcode"')
    asked = uploads.run(stored(named, "watch_stat.json"), Options(), None)
    assert asked.question == {"needs": "time", "broadcasts": ["wl7"]}
    assert "The file tells of broadcast wl7" in text_of(english.get("/intake"))
    monkeypatch.setattr(uploads, "start", uploads.run)
    assert english.post(f"/intake/{asked.id}/placed", {}).status_code == 422
    english.post(f"/intake/{asked.id}/placed", {"ended": "2026-11-20T19:00"})
    assert [one.broadcast for one in snapshot.broadcasts()] == ["wl7"]


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


ORDERS = "订单号,手机号,实付金额,支付时间\nA1,13911112222,30,2026-11-01 10:00\nA2,13911113333,很多,2026-11-01 11:00\nA3,,5,2026-11-01 12:00\n".encode()


def test_of_a_table_the_columns_used_are_shown_and_bad_rows_name_the_files_own(browser: Any, clock: Any) -> None:
    done = uploads.run(uploads.store("orders.csv", [ORDERS], "lin", "zh"), Options(), None)
    assert done.mapping == {"phone": "手机号", "paid_at": "支付时间", "order_id": "订单号", "total": "实付金额"}
    page = text_of(browser.get("/intake"))
    roles = (("手机号", "phone"), ("支付时间", "paid_at"), ("订单号", "order_id"), ("实付金额", "total"))
    assert " · ".join(f"{column} <code>{role}</code>" for column, role in roles) in page
    assert re.search(r"1 × 实付金额 \(total\)：[\u4e00-\u9fff]?", page)
    assert "1 × 手机号 (phone)：没有客户" in page
    assert "3,实付金额 (total)," in uploads.rejected_rows(done.id).read_text(encoding="utf-8-sig")


def sent(name: str, content: bytes) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, content)


def test_what_is_wrong_with_a_form_is_said_in_it_and_nothing_is_stored(english: Any, clock: Any) -> None:
    for form, told in (
        ({}, "No file was chosen."),
        ({"file": sent("a.csv", PRODUCTS), "time_default": "noonish"}, "“noonish” is not a time."),
        ({"file": [sent("a.csv", PRODUCTS), sent("b.csv", b"")], "broadcast": "B1"}, "The file b.csv is empty."),
    ):
        answer = english.post("/intake/upload", form)
        page = text_of(answer)
        assert answer.status_code == 422
        assert told in page
        assert 'class="drop"' in page
        for field in ("time_default", "broadcast"):
            if field in form:
                assert f'name="{field}" value="{form[field]}"' in page
    assert uploads.latest() == []


def test_with_scripts_the_form_itself_stays(english: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the chosen file need not be chosen again."""
    monkeypatch.setattr(uploads, "start", lambda *_: None)
    from_htmx = {"HX-Request": "true"}
    answer = english.post("/intake/upload", {"file": sent("a.csv", b"")}, headers=from_htmx)
    assert (answer.status_code, text_of(answer).startswith('<div class="alert alert-danger"')) == (200, True)
    answer = english.post("/intake/upload", {"file": sent("products.csv", PRODUCTS)}, headers=from_htmx)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/intake")


def test_reasons_are_said_in_the_readers_language(browser: Any, clock: Any) -> None:
    upload = uploads.store("products.csv", [PRODUCTS], "lin", "zh")
    done = uploads.run(upload, Options(), None)
    page = text_of(browser.get("/intake"))
    assert "商品 · 成功 2 行" in page
    assert re.search(r"1 × product_id：[\u4e00-\u9fff]", page)
    assert re.search(r"4,product_id,[\u4e00-\u9fff]", uploads.rejected_rows(done.id).read_text(encoding="utf-8-sig"))
    browser.cookies["django_language"] = "en"
    assert re.search(r"1 × product_id: \w", text_of(browser.get("/intake")))


def test_reasons_kept_in_english_alone_are_still_shown(english: Any, clock: Any) -> None:
    done = uploads.run(stored(), Options(), None)
    state = settings().data / "uploads" / done.id / "state.json"
    told = json.loads(state.read_text(encoding="utf-8"))
    for newer in ("language", "columns", "missing"):
        del told[newer]
    state.write_text(json.dumps({**told, "reasons": {"price: is empty": 3}}), encoding="utf-8")
    assert "3 × price: is empty" in text_of(english.get("/intake"))


def test_a_table_nobody_can_make_out_says_what_columns_may_be_called_and_is_imported_again(
    browser: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "谁,何时,多少\n林,2026-11-20,3\n".encode()
    done = uploads.run(uploads.store("怪表.csv", [content], "lin"), Options(), "table")
    assert (done.state, done.missing, done.columns) == ("refused", "no_customer_column", ["谁", "何时", "多少"])
    page = text_of(browser.get("/intake"))
    assert "--map" not in page
    for told in ("看不出哪一列是客户", "user_id · 客户ID", "phone · 手机号", "表里有：", "谁 · 何时 · 多少"):
        assert told in page
    started: list[Any] = []
    monkeypatch.setattr(uploads, "start", lambda upload, options, kind: started.append((upload.id, kind)))
    assert browser.post(f"/intake/{done.id}/again", {"format": "customers"}).status_code == 302
    assert started == [(done.id, "customers")]
    assert uploads.find(done.id).state == "running"
    answer = browser.post(f"/intake/{done.id}/again", {"format": "customers"})
    assert "这个文件正在导入。" in text_of(answer)
