"""A follow-up from files to lift, in process: what the flows promise when they conduct the stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from huitou.events.importing import import_file
from huitou.events.journal import append_batch
from huitou.events.segment import read_segment
from huitou.flows import follow_up
from huitou.flows.follow_up import choose_campaign, plan_follow_up, read_report, run_due, start_automatic
from huitou.flows.refresh import catch_up
from huitou.flows.tables import open_tables
from huitou.kit import clock as house_clock
from huitou.kit.clock import DAY, HOUR, MINUTE, FrozenClock
from huitou.kit.errors import NotFound, Refused
from huitou.kit.settings import settings, use_settings
from huitou.proving.sink import read_index, running_sink
from huitou.stores.ledger import transaction
from tests.flows.evening import BUYERS, ENDED, PEOPLE, STARTED, order, track, write_evening

ADDRESS = "https://shop.example.com/p/P1"
CAMPAIGN = """
name = "tea"
holdout = 0.2
explore = 0
[[timing]]
name = "next_day"
hours = [14]
[[channel]]
name = "email"
[content.email.zh]
subject = "{{ broadcast.title }}里你看过的 {{ product.name }}"
body = "<p>{{ customer.name }},<a href='{{ product.url }}'>{{ product.name }}</a> 还给你留着。</p>"
"""


@pytest.fixture
def shop(ledger: ModuleType, clock: FrozenClock, tmp_path: Path, reads_here: None) -> Iterator[Path]:
    """The evening is over and imported; a mail sink listens. Yields the sink's folder."""
    clock.move_to(ENDED + HOUR)
    (tmp_path / "tea.toml").write_text(CAMPAIGN, encoding="utf-8")
    import_file(write_evening(tmp_path / "evening.ndjson"))
    with running_sink(tmp_path / "sink") as url:
        previous = use_settings(replace(settings(), smtp_url=url))
        yield tmp_path / "sink"
        use_settings(previous) if previous else None


@pytest.fixture
def campaign(tmp_path: Path, shop: Path):  # type: ignore[no-untyped-def]
    return choose_campaign(tmp_path / "tea.toml")


def say(*raws: dict[str, object]) -> None:
    at = house_clock.now_us()
    append_batch([read_segment(raw, source="script", received_at=at) for raw in raws])


def test_everybody_who_did_not_order_is_decided_for_once(shop, campaign) -> None:  # type: ignore[no-untyped-def]
    planned = plan_follow_up("B1", campaign)
    actions = Counter(planned.decisions.column("action").to_pylist())
    assert sum(actions.values()) == PEOPLE - len(BUYERS)
    assert set(actions) == {"send", "holdout"}
    assert planned.queued == actions["send"]


def test_planning_again_changes_nothing(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    first = plan_follow_up("B1", campaign)
    clock.move_to(clock.at_us + 5 * HOUR)
    again = plan_follow_up("B1", campaign)
    assert again.decisions.equals(first.decisions)
    assert again.queued == 0


def test_a_channel_taken_out_of_the_campaign_still_sends_what_was_decided(shop, campaign, tmp_path, clock) -> None:  # type: ignore[no-untyped-def]
    first = plan_follow_up("B1", campaign)
    (tmp_path / "sms.toml").write_text(CAMPAIGN.replace("email", "sms"), encoding="utf-8")
    again = plan_follow_up("B1", choose_campaign(tmp_path / "sms.toml"))
    assert (again.decisions.equals(first.decisions), again.queued) == (True, 0)
    clock.move_to(ENDED + 15 * HOUR)
    assert run_due().states == {("submitted", ""): first.queued}


def test_a_dry_run_keeps_nothing(shop, campaign) -> None:  # type: ignore[no-untyped-def]
    planned = plan_follow_up("B1", campaign, dry_run=True)
    with open_tables() as engine:
        kept = engine.query_readonly("SELECT count(*) AS n FROM decisions").to_pylist()
    assert planned.decisions.num_rows > 0
    assert kept == [{"n": 0}]


def test_nobody_else_can_say_where_the_mails_lead(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    """A product's address comes from the brand; anybody who can read the shop's page can say that they viewed it."""
    spoofed = {"product_id": "P1", "name": "普洱茶饼", "url": "https://evil.example/login"}
    say(track("Product Viewed", "evil-1", ENDED + MINUTE, "u39", spoofed))
    planned = plan_follow_up("B1", campaign)
    clock.move_to(ENDED + 15 * HOUR)
    run_due()
    with transaction() as connection:
        targets = connection.execute("SELECT target, count(*) FROM link GROUP BY target").fetchall()
    assert targets == [(ADDRESS, planned.queued)]


def test_a_mini_programs_products_are_written_about_without_a_link(ledger, clock, tmp_path) -> None:  # type: ignore[no-untyped-def]
    clock.move_to(ENDED + HOUR)
    file = write_evening(tmp_path / "evening.ndjson")
    file.write_text(file.read_text(encoding="utf-8").replace(ADDRESS, "/pages/goods/detail?id=P1"), encoding="utf-8")
    import_file(file)
    (tmp_path / "tea.toml").write_text(CAMPAIGN.split("[content.email.zh]", 1)[0], encoding="utf-8")
    planned = plan_follow_up("B1", choose_campaign(tmp_path / "tea.toml"))
    clock.move_to(ENDED + 15 * HOUR)
    with running_sink(tmp_path / "sink") as url:
        previous = use_settings(replace(settings(), smtp_url=url))
        result = run_due()
        use_settings(previous)
    assert planned.unlinked == 1
    assert result.states == {("submitted", ""): planned.queued}


def test_the_plan_says_how_many_products_lead_nowhere(shop, campaign, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "elsewhere.toml").write_text(CAMPAIGN + '[links]\nhosts = ["elsewhere.example"]\n', encoding="utf-8")
    assert plan_follow_up("B1", campaign, dry_run=True).unlinked == 0
    assert plan_follow_up("B1", choose_campaign(tmp_path / "elsewhere.toml"), dry_run=True).unlinked == 1


def test_who_orders_after_planning_gets_no_mail(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    planned = plan_follow_up("B1", campaign)
    chosen = [row for row in planned.decisions.to_pylist() if row["action"] == "send"]
    bought = int(chosen[0]["user_id"][1:])
    clock.move_to(ENDED + 15 * HOUR)
    say(order(bought, clock.at_us - HOUR, number=2))
    result = run_due()
    assert result.reasons() == {"ordered": 1}
    assert sorted(kept.recipient for kept in read_index(shop)) == sorted(
        f"{row['user_id']}@example.com" for row in chosen[1:]
    )


def test_the_holdout_never_hears_from_us(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    planned = plan_follow_up("B1", campaign)
    held = {f"{row['user_id']}@example.com" for row in planned.decisions.to_pylist() if row["action"] == "holdout"}
    for _ in range(4):
        clock.move_to(clock.at_us + DAY + 7 * HOUR)
        run_due()
    reached = {kept.recipient for kept in read_index(shop)}
    assert held
    assert reached
    assert held & reached == set()


def test_sending_twice_sends_once(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    planned = plan_follow_up("B1", campaign)
    clock.move_to(ENDED + 15 * HOUR)
    run_due()
    run_due()
    assert len(read_index(shop)) == planned.queued


def test_the_report_adds_up(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    planned = plan_follow_up("B1", campaign)
    clock.move_to(ENDED + 15 * HOUR)
    run_due()
    clock.move_to(ENDED + 8 * DAY)
    report = read_report("B1")
    assert report.funnel.entered == PEOPLE
    assert report.funnel.ordered == len(BUYERS)
    assert sum(one.people for one in report.decided) == PEOPLE - len(BUYERS)
    assert report.sent.handed_over == planned.queued
    assert report.is_final
    assert report.caused is not None
    assert report.caused.orders.verdict == "cannot_tell"


def test_a_live_broadcast_is_not_planned(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    clock.move_to(STARTED + HOUR)
    with pytest.raises(Refused):
        plan_follow_up("B1", campaign)


def test_an_unknown_broadcast_names_the_known_ones(shop, campaign) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotFound, match="B1"):
        plan_follow_up("B9", campaign)


def test_an_automatic_campaign_starts_when_the_broadcast_is_settled(shop, tmp_path, clock) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "tea.toml").write_text("automatic = true\n" + CAMPAIGN, encoding="utf-8")
    choose_campaign(tmp_path / "tea.toml")
    started = start_automatic()
    assert [one.broadcast for one in started] == ["B1"]
    assert started[0].queued > 0
    assert start_automatic() == []


def test_what_a_dead_process_decided_is_queued_by_the_next_start(shop, tmp_path, clock, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "tea.toml").write_text("automatic = true\n" + CAMPAIGN, encoding="utf-8")
    choose_campaign(tmp_path / "tea.toml")
    with monkeypatch.context() as dies:
        dies.setattr(follow_up, "enqueue", die)
        with pytest.raises(KeyboardInterrupt):
            start_automatic()
    [started] = start_automatic()
    assert started.queued == Counter(started.decisions.column("action").to_pylist())["send"] > 0
    assert start_automatic() == []


def test_what_a_dead_process_decided_is_queued_by_the_next_plan(shop, campaign, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    with monkeypatch.context() as dies:
        dies.setattr(follow_up, "enqueue", die)
        with pytest.raises(KeyboardInterrupt):
            plan_follow_up("B1", campaign)
    planned = plan_follow_up("B1", campaign)
    assert planned.queued == Counter(planned.decisions.column("action").to_pylist())["send"] > 0


def die(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_automatic_campaign_leaves_old_broadcasts_alone(shop, tmp_path, clock) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "tea.toml").write_text("automatic = true\n" + CAMPAIGN, encoding="utf-8")
    choose_campaign(tmp_path / "tea.toml")
    clock.move_to(ENDED + 30 * DAY)
    assert start_automatic() == []


def test_catching_up_without_news_does_nothing(shop) -> None:  # type: ignore[no-untyped-def]
    assert catch_up().portraits == PEOPLE
    assert catch_up() == (type(catch_up()))(0, None, None)


def test_two_campaigns_planned_at_once_keep_caps_and_holdout_together(shop, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Each sees what the other decided: nobody gets more than one message a day, and the same people are held out."""
    both = []
    for name in ("tea", "oolong"):
        (tmp_path / f"{name}.toml").write_text(CAMPAIGN.replace('"tea"', f'"{name}"'), encoding="utf-8")
        both.append(choose_campaign(tmp_path / f"{name}.toml"))
    catch_up()
    with ThreadPoolExecutor(2) as pool:
        plans = list(pool.map(lambda one: plan_follow_up("B1", one).decisions.to_pylist(), both))
    sent = [{row["customer"] for row in rows if row["action"] == "send"} for rows in plans]
    held = [{row["customer"] for row in rows if row["action"] == "holdout"} for rows in plans]
    assert not sent[0] & sent[1]
    assert sent[0] | sent[1]
    assert not (held[0] | held[1]) & (sent[0] | sent[1])


def test_what_was_cancelled_is_never_queued_again(shop, campaign, clock) -> None:  # type: ignore[no-untyped-def]
    planned = plan_follow_up("B1", campaign)
    assert follow_up.cancel("B1", "tea", "lin") == planned.queued > 0
    clock.move_to(clock.at_us + HOUR)
    assert plan_follow_up("B1", campaign).queued == 0
    clock.move_to(ENDED + 15 * HOUR)
    assert run_due().submitted == 0
    assert read_index(shop) == []


def test_a_plan_that_queues_after_the_cancelling_queues_nothing(shop, campaign, clock, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """It had decided before; whoever comes newly to a later plan is written to."""
    enqueue = follow_up.enqueue

    def cancel_first(*args: object, **more: object) -> int:
        clock.move_to(clock.at_us + MINUTE)
        follow_up.cancel("B1", "tea", "lin")
        return enqueue(*args, **more)

    with monkeypatch.context() as between:
        between.setattr(follow_up, "enqueue", cancel_first)
        assert plan_follow_up("B1", campaign).queued == 0
    clock.move_to(clock.at_us + 1)
    assert plan_follow_up("B1", campaign).queued == 0
    with transaction() as connection:
        states = connection.execute("SELECT DISTINCT state, reason FROM message").fetchall()
    assert states == [("suppressed", "cancelled")]
