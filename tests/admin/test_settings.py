"""Settings made in the console: the environment wins, secrets stay secret, every process sees them."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from huitou.admin.changes import latest_changes
from huitou.admin.settings import HIDDEN, Invalid, fields_given, kept_settings, refresh, save_settings, undo_setting
from huitou.delivery.brand import read_brand
from huitou.delivery.channels.email import EmailChannel
from huitou.delivery.channels.email.session import read_relay
from huitou.kit.clock import FrozenClock
from huitou.kit.errors import Refused
from huitou.kit.settings import read_settings, settings, use_settings

SERVER = {
    "smtp_host": "smtp.example.com",
    "smtp_security": "required",
    "smtp_port": "2587",
    "smtp_user": "us@er",
    "smtp_password": "p:/w?#@",
}


@pytest.fixture(autouse=True)
def _ledger(ledger: ModuleType, clock: FrozenClock) -> None:
    """Settings are kept in the ledger."""
    refresh()


def test_what_is_saved_is_what_everything_reads() -> None:
    save_settings(
        {
            "sender_name": '茶 "铺" <x>', "from_address": "tea@example.com", "reply_to": "help@example.com",
            "postal_address": "杭州市茶路 1 号", "brand_colour": "#114455", "public_url": "https://t.example.com/",
            "smtp_per_second": "3", **SERVER,
        },
        "lin",
    )  # fmt: skip
    now, brand = settings(), read_brand()
    assert now.public_url == "https://t.example.com"
    assert (brand.name, brand.address, brand.colour) == ('茶 "铺" <x>', "杭州市茶路 1 号", "#114455")
    relay = read_relay(now.smtp_url or "")
    assert (relay.host, relay.port, relay.user, relay.password, relay.tls) == (
        "smtp.example.com", 2587, "us@er", "p:/w?#@", "required",
    )  # fmt: skip
    channel = EmailChannel(now.smtp_url or "")
    assert (channel.sender.name, channel.sender.address, channel.sender.reply_to) == (
        '茶 "铺" <x>', "tea@example.com", "help@example.com",
    )  # fmt: skip
    assert channel.per_second == 3


def test_the_environment_wins_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUITOU_BRAND_COLOUR", "#aa0000")
    use_settings(replace(settings(), smtp_url="smtp://127.0.0.1:25"))
    assert fields_given() >= {"brand_colour", "smtp_host", "smtp_password"}
    assert save_settings({"brand_colour": "#00aa00", **SERVER}, "lin") == []
    assert (settings().smtp_url, read_brand().colour) == ("smtp://127.0.0.1:25", "#aa0000")


def test_even_the_default_counts_where_it_was_set_from_outside() -> None:
    use_settings(replace(settings(), public_url="http://127.0.0.1:8000"))
    save_settings({"public_url": "https://t.example.com"}, "lin")
    assert settings().public_url == "http://127.0.0.1:8000"


def test_a_copy_of_the_settings_follows_changes_too() -> None:
    save_settings({"public_url": "https://t.example.com", **SERVER}, "lin")
    use_settings(replace(settings(), write_key="k"))
    save_settings({"public_url": "https://u.example.com", "smtp_host": ""}, "lin")
    assert (settings().public_url, settings().smtp_url) == ("https://u.example.com", None)
    save_settings({"public_url": ""}, "lin")
    assert settings().public_url == "http://127.0.0.1:8000"


def test_another_process_sees_a_change_when_it_looks(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        connection.execute("INSERT INTO setting VALUES ('public_url', 'https://t.example.com')")
    refresh()
    assert settings().public_url == "https://t.example.com"


def test_what_one_ledger_lent_is_not_anothers() -> None:
    save_settings(SERVER, "lin")
    previous = use_settings(read_settings("elsewhere", env={}))
    assert settings().smtp_url is None
    assert previous is not None
    use_settings(previous)


def test_a_secret_is_neither_shown_nor_stored_in_the_open(ledger: ModuleType) -> None:
    save_settings(SERVER, "lin")
    save_settings({**SERVER, "smtp_password": "", "smtp_port": "587"}, "lin")
    assert kept_settings()["smtp_password"] == HIDDEN
    assert read_relay(settings().smtp_url or "").password == "p:/w?#@"
    with ledger.transaction() as connection:
        rows = connection.execute("SELECT value FROM setting UNION ALL SELECT before || after FROM change").fetchall()
    assert not any("p:/w" in value for (value,) in rows)
    save_settings({}, "lin", clear=["smtp_password"])
    assert "smtp_password" not in kept_settings()
    with pytest.raises(Refused):
        undo_setting(next(one.id for one in latest_changes("setting") if one.subject == "smtp_password"), "lin")


def test_a_password_goes_to_no_other_server_and_never_unencrypted() -> None:
    save_settings(SERVER, "lin")
    for change in ({"smtp_host": "evil.example.com"}, {"smtp_security": "off"}, {"smtp_security": "if_offered"}):
        with pytest.raises(Invalid):
            save_settings(change, "lin")
    assert read_relay(settings().smtp_url or "").host == "smtp.example.com"
    save_settings({"smtp_host": "127.0.0.1", "smtp_security": "off", "smtp_password": "again"}, "lin")


def test_a_password_goes_to_no_other_server_by_taking_the_first_one_out() -> None:
    save_settings(SERVER, "lin")
    save_settings({"smtp_host": ""}, "lin")
    with pytest.raises(Invalid):
        save_settings({"smtp_host": "evil.example.com"}, "lin")
    assert settings().smtp_url is None
    save_settings({"smtp_host": "evil.example.com"}, "lin", clear=["smtp_password"])
    assert read_relay(settings().smtp_url or "").password == ""


def test_changes_are_noted_and_can_be_taken_back() -> None:
    save_settings({"public_url": "https://t.example.com"}, "lin")
    save_settings({"public_url": "https://u.example.com"}, "ma")
    change = latest_changes("setting")[0]
    assert (change.by, change.subject, change.before, change.after) == (
        "ma", "public_url", "https://t.example.com", "https://u.example.com",
    )  # fmt: skip
    assert undo_setting(change.id, "lin") == "public_url"
    assert settings().public_url == "https://t.example.com"
    with pytest.raises(Refused.__base__):  # type: ignore[arg-type]
        undo_setting(0, "lin")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from_address", "nobody"), ("from_address", "a@b"), ("from_address", "a@x.cn\r\nBcc: b@x.cn"), ("from_address", "a b@x.cn"),
        ("from_address", "a@x.cn, b@x.cn"), ("from_address", "a..b@x.cn"), ("reply_to", "<a@x.cn>"), ("reply_to", "\ud800@x.cn"),
        ("sender_name", "茶铺\r\nBcc: a@x.cn"), ("sender_name", "x" * 301), ("postal_address", "a\0b"),
        ("public_url", "t.example.com"), ("public_url", "ftp://t.example.com"), ("public_url", "https://"), ("public_url", "https://x y"),
        ("public_url", "https://u:p@x.cn"), ("public_url", "https://x.cn/path"), ("public_url", "https://x.cn:99999"),
        ("public_url", "https://x.cn?q"), ("public_url", "javascript:alert(1)"), ("public_url", "https://[::1"),
        ("smtp_host", "smtp://x.cn"), ("smtp_host", "x.cn:25"), ("smtp_host", "a@b.cn"), ("smtp_host", "-x.cn"), ("smtp_host", "x..cn"),
        ("smtp_port", "0"), ("smtp_port", "65536"), ("smtp_port", "-1"), ("smtp_port", "२५"), ("smtp_port", "25.0"),
        ("smtp_security", "maybe"), ("smtp_user", "a\nb"), ("smtp_per_second", "0"), ("smtp_per_second", "-1"),
        ("smtp_per_second", "nan"), ("smtp_per_second", "1e9"), ("brand_colour", "red"), ("brand_colour", "#12345g"),
        ("brand_logo", "http://x.cn/l.png"), ("brand_logo", "https://x.cn/l.png\" onload=\"x"),
    ],
)  # fmt: skip
def test_values_that_cannot_be(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        save_settings({name: value, "brand_name": "茶铺"}, "lin")
    assert set(refusal.value.problems) == {name}
    assert set(refusal.value.problems[name]) == {"zh", "en"}
    assert kept_settings() == {}


def test_a_name_needs_an_address() -> None:
    with pytest.raises(Invalid) as refusal:
        save_settings({"sender_name": "茶铺"}, "lin")
    assert set(refusal.value.problems) == {"from_address"}
