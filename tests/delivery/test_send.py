"""Sending for real: the outbox through SMTP into a sink that runs in a process of its own."""

from __future__ import annotations

import email
import email.policy
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from huitou.delivery.channels.email import EmailChannel
from huitou.delivery.compose import read_body
from huitou.delivery.links import find_link
from huitou.delivery.outbox import count_states
from huitou.delivery.send import SendResult, send_due
from huitou.kit.clock import DAY, HOUR, MINUTE, FrozenClock
from huitou.kit.settings import settings
from huitou.proving.sink import read_index, running_sink

from .shop import CAMPAIGN, CONTEXT, NOON, Planned, add_customer, add_messages, add_stop, make_campaign, state_of

FROM = "回头茶铺 <hello@茶.example>"


def send(url: str, **options: object) -> SendResult:
    return send_due(channels={"email": EmailChannel(url, mail_from=FROM, **options)})  # type: ignore[arg-type]


@pytest.fixture
def sink(tmp_path: Path) -> Path:
    return tmp_path / "sink"


def test_what_is_due_arrives_once_and_whole(ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        due = add_messages(connection, [Planned(add_customer(connection, f"c{n}")) for n in range(50)])
        [later] = add_messages(connection, [Planned(add_customer(connection, "later"), send_at=NOON + 1)])
    with running_sink(sink) as url:
        result = send(url)
        again = send(url)
    assert (result.states, again.states) == (Counter({("submitted", ""): 50}), Counter())
    kept = read_index(sink)
    assert sorted(mail.message for mail in kept) == sorted(due)
    with ledger.transaction() as connection:
        assert count_states(connection) == {("submitted", ""): 50, ("planned", ""): 1}
        assert state_of(connection, later) == ("planned", "")
    mail = email.message_from_bytes(kept[0].path.read_bytes(), policy=email.policy.default)
    message = kept[0].message
    assert mail["Message-ID"] == f"<{message}@xn--cl1a.example>"
    assert mail["From"] == "回头茶铺 <hello@xn--cl1a.example>"
    assert mail["To"] == kept[0].recipient
    assert mail["Subject"] == "（广告）周五茶会里你看过的 龙井 250g"
    assert mail["Date"] == "Fri, 20 Nov 2026 12:00:00 +0000"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Feedback-ID"] == "follow-up:b1:huitou:xn--cl1a.example"
    assert kept[0].return_path == f"bounce+{message}@xn--cl1a.example"
    leave = mail["List-Unsubscribe"].strip("<>")
    assert leave.startswith(f"{settings().public_url}/u/{message}.")
    plain, page = mail.iter_parts()
    assert (plain.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    with ledger.transaction() as connection:
        body = read_body(connection, message)
        assert body["text"] == plain.get_content().replace("\r\n", "\n")
        assert body["html"] == page.get_content().replace("\r\n", "\n")
        assert leave in body["html"]
        token = body["text"].split("/t/")[1].split()[0]
        assert find_link(connection, token).target == "https://shop.example.com/p/1"


def test_answers_of_the_server(ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
    script = "gone@ 550\nfull@ 452\nlater@ data:451\nnever@ data:554\nlost@ cut\n"
    names = ("gone", "full", "later", "never", "lost", "fine")
    with ledger.transaction() as connection:
        make_campaign(connection)
        ids = dict(
            zip(names, add_messages(connection, [Planned(add_customer(connection, n)) for n in names]), strict=True)
        )
    with running_sink(sink, script=script) as url:
        send(url)
    with ledger.transaction() as connection:
        rows = connection.execute(
            "SELECT id, state, split_part(reason, ' ', 1), attempts, send_at, final_at IS NULL FROM message"
        ).fetchall()
        dead = connection.execute("SELECT channel, address, status, since FROM dead_address").fetchall()
        events = connection.execute("SELECT convert_from(body, 'UTF8')::jsonb->>'name' FROM journal").fetchall()
    first_try = NOON - HOUR
    assert {row[0]: row[1:] for row in rows} == {
        ids["gone"]: ("failed", "5.1.1", 0, first_try, True),
        ids["full"]: ("retry", "4.2.2", 1, NOON + MINUTE, True),
        ids["later"]: ("retry", "4.3.0", 1, NOON + MINUTE, True),
        ids["never"]: ("failed", "5.3.0", 1, first_try, False),
        ids["lost"]: ("in_doubt", "the", 1, first_try, False),
        ids["fine"]: ("submitted", "", 1, first_try, False),
    }
    assert dead == [("email", "gone@example.com", "5.1.1", NOON)]
    assert events == [("message_bounced",)]
    assert sorted(mail.message for mail in read_index(sink)) == sorted((ids["lost"], ids["fine"]))


def test_doubt_is_closed_and_never_sent_again(ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [lost] = add_messages(connection, [Planned(add_customer(connection, "lost"))])
    with running_sink(sink, script="lost@ cut\n") as url:
        send(url)
        clock.move_to(NOON + MINUTE)
        result = send(url)
    assert result.recovered.unknown == 1
    assert [mail.message for mail in read_index(sink)] == [lost]
    with ledger.transaction() as connection:
        assert state_of(connection, lost)[0] == "unknown"


def test_a_retry_comes_later_and_gives_up_when_it_is_too_late(
    ledger: ModuleType, clock: FrozenClock, sink: Path
) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [full] = add_messages(connection, [Planned(add_customer(connection, "full"), expires_at=NOON + 10 * MINUTE)])
    with running_sink(sink, script="full@ 452\n") as url:
        tries = []
        for minute in range(12):
            clock.move_to(NOON + minute * MINUTE)
            tries.append(sum(send(url).states.values()))
    assert tries == [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    clock.move_to(NOON + DAY)
    with running_sink(sink) as url:
        send(url)
    with ledger.transaction() as connection:
        assert state_of(connection, full) == ("expired", "expired")
    assert read_index(sink) == []


def test_a_dead_relay_gives_everything_back(ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, f"c{n}")) for n in range(30)])
    result = send("smtp://127.0.0.1:9")
    assert result.submitted == 0
    assert list(result.down) == ["email"]
    with ledger.transaction() as connection:
        assert count_states(connection) == {("planned", "channel_down"): 30}
    clock.move_to(NOON + MINUTE)
    with running_sink(sink) as url:
        assert send(url).submitted == 30
    assert len({mail.message for mail in read_index(sink)}) == len(read_index(sink)) == 30


def test_who_ordered_meanwhile_gets_nothing(ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, name)) for name in ("bought", "waits")])
        add_stop(connection, "bought", "order", NOON - 1, "o1", "order_paid")
    with running_sink(sink) as url:
        result = send(url)
    assert result.states == Counter({("submitted", ""): 1, ("suppressed", "ordered"): 1})
    assert [mail.recipient for mail in read_index(sink)] == ["waits@example.com"]


def test_what_cannot_be_said_is_not_sent(ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
    nameless = {"language": "zh", "broadcast": {"title": "周五茶会"}, "product": {"id": "p1"}}
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"), context=nameless)])
    with running_sink(sink) as url:
        send(url)
    with ledger.transaction() as connection:
        assert state_of(connection, message) == (
            "failed",
            "missing_variable: data is missing: product.name is undefined",
        )
    assert read_index(sink) == []


def test_a_channel_nobody_connected(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        name = add_customer(connection, "anna")
        connection.execute("UPDATE consent SET channel = 'sms'")
        connection.execute(
            "INSERT INTO identifier (kind, value, customer, created_at) VALUES ('phone', '1', 'anna', 1)"
        )
        [message] = add_messages(connection, [Planned(name, channel="sms")])
        clock.move_to(NOON - HOUR)  # 19:00 in Shanghai: promotion by SMS may go until 20:00
    assert send_due(channels={}).states == Counter({("suppressed", "no_channel"): 1})
    with ledger.transaction() as connection:
        assert state_of(connection, message) == ("suppressed", "no_channel")


def test_a_channel_that_is_not_set_up_keeps_its_messages(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"))])
    result = send_due()
    assert (result.states, result.down) == (Counter(), {"email": "HUITOU_SMTP_URL is not set"})
    with ledger.transaction() as connection:
        assert state_of(connection, message) == ("planned", "")


def test_progress_ends_with_the_whole(ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, f"c{n}")) for n in range(5)])
    seen: list[int] = []
    with running_sink(sink) as url:
        send_due(channels={"email": EmailChannel(url)}, progress=lambda result: seen.append(result.submitted))
    assert seen[-1] == 5


def test_one_person_with_two_due_messages_gets_what_the_caps_allow(
    ledger: ModuleType, clock: FrozenClock, sink: Path
) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "anna")
        add_messages(connection, [Planned("anna", step=step) for step in (1, 2, 3)])
    with running_sink(sink) as url:
        result = send(url)
    assert result.states == Counter({("submitted", ""): 1, ("suppressed", "cap"): 2})
    assert len(read_index(sink)) == 1


@pytest.mark.parametrize(("waited", "said"), [(DAY, "龙井 250g，还有货"), (DAY + 1, "龙井 250g")])
def test_stock_is_claimed_no_longer_than_a_day(
    ledger: ModuleType, clock: FrozenClock, sink: Path, waited: int, said: str
) -> None:
    """What was counted when the message was queued may be sold out since."""
    stocked = {**CONTEXT["product"], "in_stock": True}
    words = "{{ product.name }}{% if product.in_stock %}，还有货{% endif %}"
    with ledger.transaction() as connection:
        make_campaign(connection, CAMPAIGN.replace("{{ broadcast.title }}里你看过的 {{ product.name }}", words))
        add_customer(connection, "lin")
        add_messages(connection, [Planned("lin", context={**CONTEXT, "product": stocked, "products": [stocked]})])
        connection.execute("UPDATE message SET created_at = %s", (NOON - waited,))
    with running_sink(sink) as url:
        send(url)
    [kept] = read_index(sink)
    mail = email.message_from_bytes(kept.path.read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == f"（广告）{said}"
