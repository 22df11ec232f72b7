"""The check before a start: what would reach customers broken stops it, the rest is the operator's to confirm."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from huitou.delivery.reachable import is_loopback, is_private
from huitou.events.importing import import_file
from huitou.flows.follow_up import choose_campaign, look_ahead, start, start_automatic
from huitou.flows.health import read_troubles
from huitou.flows.readiness import sending
from huitou.flows.starting import Prospect
from huitou.kit.clock import HOUR, FrozenClock
from huitou.kit.errors import Refused
from huitou.kit.settings import note_served, read_settings, settings, use_settings
from huitou.proving.sink import read_index, running_sink
from tests.flows.evening import ENDED, write_evening

CAMPAIGN = """
name = "tea"
holdout = 0.2
explore = 0
[[timing]]
name = "next_day"
hours = [14]
[[channel]]
name = "email"
"""


@pytest.fixture
def shop(ledger: ModuleType, clock: FrozenClock, tmp_path: Path, reads_here: None) -> Iterator[Path]:
    """The evening is imported and a mail sink listens; yields the folder for campaign files."""
    clock.move_to(ENDED + HOUR)
    import_file(write_evening(tmp_path / "evening.ndjson"))
    sending.forget()
    previous = settings()
    with running_sink(tmp_path / "sink") as url:
        use_settings(replace(previous, smtp_url=url))
        yield tmp_path
    use_settings(previous)


def look(folder: Path, text: str = CAMPAIGN) -> Prospect:
    (folder / "tea.toml").write_text(text, encoding="utf-8")
    return look_ahead("B1", choose_campaign(folder / "tea.toml"))


def states(prospect: Prospect) -> dict[str, str]:
    return {one.name: one.state for one in prospect.findings}


def test_a_trial_on_this_machine_goes_on_with_warnings(shop: Path) -> None:
    prospect = look(shop)
    found = states(prospect)
    assert not prospect.is_stopped
    assert {name for name, state in found.items() if state == "warning"} == {
        "sender", "postal_address", "public_address", "holdout",
    }  # fmt: skip
    assert (found["sending"], found["templates"], found["time"], found["unmatched_orders"]) == ("good",) * 4


def test_warnings_are_confirmed_by_name_and_stops_never(shop: Path) -> None:
    warned, server = look(shop).warnings, settings().smtp_url
    use_settings(replace(settings(), smtp_url=None))
    with pytest.raises(Refused) as refused:
        start("B1", "tea", [*warned, "sending"])
    assert refused.value.code == "not_ready"
    use_settings(replace(settings(), smtp_url=server))
    with pytest.raises(Refused) as refused:
        start("B1", "tea", warned[1:])
    assert refused.value.code == "not_confirmed"
    assert start("B1", "tea", warned).queued > 0


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        ({"smtp_url": None}, {"sending"}),
        ({"smtp_url": "smtp://127.0.0.1:9"}, {"sending"}),
        ({"mail_from": "no address"}, {"sending", "sender"}),
    ],
)
def test_what_stops_a_start(shop: Path, change: dict[str, str], stops: set[str]) -> None:
    use_settings(replace(settings(), **change))
    assert {name for name, state in states(look(shop)).items() if state == "stop"} == stops


def test_mails_that_leave_this_machine_need_an_address_customers_can_open(shop: Path) -> None:
    for url in (
        "http://127.0.0.1:8000",
        "http://localhost",
        "http://192.168.1.5:8000",
        "http://shop-server",
        "nothing",
    ):
        use_settings(replace(settings(), public_url=url))
        assert sending.check_public_address(leaves=True).state == "stop"
        assert sending.check_public_address(leaves=False).state == ("warning" if url != "nothing" else "stop")
    assert sending.check_sender(leaves=True).state == "stop"
    use_settings(replace(settings(), public_url="http://8.8.8.8", mail_from="茶 <tea@example.com>"))
    assert sending.check_public_address(leaves=True).state == "warning"  # not encrypted
    assert sending.check_sender(leaves=True).state == "good"


def test_a_sender_of_another_domain_than_the_one_that_signs_in(shop: Path) -> None:
    use_settings(replace(settings(), smtp_url="smtp://shop%40qq.com:x@smtp.qq.com", mail_from="tea@example.com"))
    assert sending.check_sender().state == "warning"
    use_settings(replace(settings(), mail_from="shop@qq.com"))
    assert sending.check_sender().state == "good"


WORDS = """
[content.email.zh]
subject = "(广告) {{ broadcast.title }}"
body = "<p>%s</p>"
"""


def test_words_that_never_come_out_stop_and_those_that_fail_for_some_warn(shop: Path) -> None:
    assert states(look(shop, CAMPAIGN + WORDS % "你好"))["mark"] == "good"
    broken = "你好{% if customer.name %}{% endif %}{{ customer.name | divided_by: 0 }}"
    found = [one for one in look(shop, CAMPAIGN + WORDS % broken).findings if one.name == "templates"]
    assert [one.state for one in found] == ["stop"]
    some = "{% if customer.name contains '1' %}{{ customer.name | divided_by: 0 }}{% endif %}你好"
    found = [one for one in look(shop, CAMPAIGN + WORDS % some).findings if one.name == "templates"]
    assert [one.state for one in found] == ["warning"]


def test_a_whole_mail_of_ones_own_needs_a_way_out(shop: Path) -> None:
    page = "<mjml><mj-body><mj-section><mj-column><mj-text>茶 %s</mj-text></mj-column></mj-section></mj-body></mjml>"
    own = CAMPAIGN + "[content.email.zh]\nsubject = '茶'\nbody = '''" + page + "'''\n"
    assert states(look(shop, own % ""))["unsubscribe"] == "stop"
    assert states(look(shop, own % '<a href="{{ unsubscribe }}">退订</a>'))["unsubscribe"] == "good"


def test_an_automatic_start_is_held_and_told_until_it_may_go(shop: Path) -> None:
    (shop / "tea.toml").write_text("automatic = true\n" + CAMPAIGN, encoding="utf-8")
    choose_campaign(shop / "tea.toml")
    server = settings().smtp_url
    use_settings(replace(settings(), smtp_url=None))
    assert start_automatic() == []
    [held] = [one for one in read_troubles() if one.kind == "held_start"]
    assert (held.name, "没有设置邮件服务器" in held.message["zh"]) == ("B1", True)
    use_settings(replace(settings(), smtp_url=server))
    [started] = start_automatic()
    assert started.queued > 0
    assert [one for one in read_troubles() if one.kind == "held_start"] == []
    assert read_index(shop / "sink") == []  # looking at the server sends nothing


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "::1", "[::1]", "0.0.0.0", "LOCALHOST."]
)
def test_this_machine_in_any_spelling(host: str) -> None:
    assert is_loopback(host)
    assert is_private(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "172.16.3.4", "192.168.0.9", "169.254.1.1", "nas.local", "intranet"])
def test_a_network_of_its_own(host: str) -> None:
    assert is_private(host)
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["t.example.com", "8.8.8.8", "例子.cn", "127.example.com"])
def test_the_open_net(host: str) -> None:
    assert not is_private(host)


def test_links_lead_to_the_port_that_is_served(data: Path) -> None:
    data.mkdir()
    note_served("http://127.0.0.1:18777")
    assert settings().public_url == "http://127.0.0.1:18777"
    assert read_settings(data, env={}).public_url == "http://127.0.0.1:18777"
    assert read_settings(data, env={"HUITOU_PUBLIC_URL": "https://t.example.com"}).public_url == "https://t.example.com"
    use_settings(replace(settings(), public_url="https://t.example.com"))
    note_served("http://127.0.0.1:18778")
    assert settings().public_url == "https://t.example.com"


def test_an_address_whose_answer_never_ends_is_asked_for_its_status_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            caller, _ = listening.accept()
            with caller, suppress(OSError):
                caller.recv(4_096)
                caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    caller.sendall(b"x" * 65_536)

        threading.Thread(target=answer, daemon=True).start()
        assert sending._answers(f"http://127.0.0.1:{port}")
