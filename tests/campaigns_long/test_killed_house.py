"""Ingest, plan and send through the real processes while they are killed with -9: nothing acknowledged is lost, no
message goes out twice, what is in doubt is shown.

The whole: `pytest tests/campaigns_long -m long -s`; HUITOU_SEED picks other moments.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from huitou.delivery.commits import IN_FLIGHT
from huitou.kit.clock import HOUR, MINUTE, SECOND, to_iso
from huitou.proving.sink import read_index, running_sink
from huitou.stores.postgres import start_postgres
from tests.campaigns_long.killed_house import (
    Edge,
    Feeder,
    House,
    count_lines,
    moments,
    running_edge,
    wait_until,
)
from tests.flows.evening import ENDED, STARTED, order, room, track

PLANNED = ENDED + HOUR
DUE = ENDED + 14 * HOUR + 30 * MINUTE
SETTLED = DUE + 10 * MINUTE
NEXT_ORDERS = 20  # one in so many of those who were planned for orders before the sending begins
CAMPAIGN = """
name = "tea"
holdout = 0.1
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


@dataclass(frozen=True)
class Kills:
    """How many processes are killed while they do what."""

    ingest: int
    load: int
    plan: int
    send: int
    edge_while_sending: int = 0
    postmaster: int = 0  # of these moments, how many hit the database server instead


SMALL = Kills(ingest=1, load=0, plan=1, send=1)
WHOLE = Kills(ingest=14, load=6, plan=6, send=20, edge_while_sending=4)
SERVER = Kills(ingest=2, load=0, plan=1, send=2, postmaster=4)


def person(i: int) -> list[dict[str, Any]]:
    """Everybody watches, clicks and goes; known by e-mail, willing to be written to."""
    who, show, entered = f"u{i}", {"broadcast_id": "B1"}, STARTED + i % 5_000 * SECOND
    consents = {"email": {"granted": True, "how": "form", "proof": f"form-{i}"}}
    return [
        {
            "type": "identify", "messageId": f"{who}-id", "timestamp": to_iso(STARTED - 24 * HOUR), "userId": who,
            "traits": {"name": f"客人{i}", "email": f"{who}@example.com", "consents": consents},
        },
        track("live_entered", f"{who}-in", entered, who, show),
        track("product_clicked", f"{who}-click", entered + MINUTE, who, {**show, "product_id": "P1"}),
        track("live_left", f"{who}-out", entered + 30 * MINUTE, who, {**show, "watch_seconds": 1_800}),
    ]  # fmt: skip


def ingest(house: House, people: int, kills: Kills) -> Feeder:
    """The evening comes in while the edge and loads are killed."""
    feeder = Feeder(house, [*room(), *(event for i in range(people) for event in person(i))])
    with running_edge(house, to_iso(ENDED)) as edge:
        feeder.start()
        total = sum(len(batch) for batch in feeder.batches)
        hits = ["edge"] * (kills.ingest - kills.postmaster // 2) + ["postmaster"] * (kills.postmaster // 2)
        hits += ["load"] * kills.load
        house.chance.shuffle(hits)
        for hit, moment in zip(hits, moments(house.chance, total, len(hits)), strict=True):
            feeder.wait_for(moment)
            strike(house, edge, hit)
        feeder.finish()
    return feeder


def strike(house: House, edge: Edge, hit: str) -> None:
    if hit == "edge":
        edge.kill()
    elif hit == "postmaster":
        house.kill_postmaster()
    else:
        kill_while_running(house, hit, "reach", "B1", "--now", to_iso(PLANNED))


def kill_while_running(house: House, name: str, *words: str) -> None:
    """Killed after the start of the interpreter and before the work is done; tried again where it was done already."""
    for _ in range(5):
        process = house.start(*words)
        wait_for_work(house, process)
        time.sleep(house.chance.uniform(0, 1.5))
        before = house.kills[name]
        house.kill(process, name)
        if house.kills[name] > before:
            return


def wait_for_work(house: House, process: Any) -> None:
    """Until the process has opened the ledger's folder, or has ended."""
    wanted = str(house.data)

    def is_at_work() -> bool:
        try:
            opened = [str(one.readlink()) for one in Path(f"/proc/{process.pid}/fd").iterdir()]
        except OSError:
            return process.poll() is not None
        return process.poll() is not None or any(path.startswith(wanted) for path in opened)

    wait_until(is_at_work)


def plan(house: House, kills: Kills) -> dict[str, Any]:
    words = ("plan", "B1", "--campaign", str(house.folder / "tea.toml"), "--now", to_iso(PLANNED))
    for _ in range(kills.plan):
        kill_while_running(house, "plan", *words)
    first = house.run(*words)
    assert house.run(*words)["newly_queued"] == 0
    return first


def send(house: House, sink: Path, messages: int, kills: Kills) -> None:
    """Senders are killed one after the other, the edge and the server in between; the last one finishes."""
    hits = ["send"] * (kills.send - (kills.postmaster + 1) // 2) + ["postmaster"] * ((kills.postmaster + 1) // 2)
    hits += ["edge"] * kills.edge_while_sending
    house.chance.shuffle(hits)
    index, words = sink / "index.tsv", ("send", "--now", to_iso(DUE))
    with running_edge(house, to_iso(DUE)) as edge:
        sender = house.start(*words)
        for hit, moment in zip(hits, moments(house.chance, messages, len(hits)), strict=True):
            wait_until(lambda: count_lines(index) >= moment or sender.poll() is not None)  # noqa: B023
            strike(house, edge, hit) if hit != "send" else house.kill(sender, "send")
            if sender.poll() is not None or hit == "postmaster":
                sender.wait()
                sender = house.start(*words)
        sender.wait()
    house.run(*words)
    house.run("send", "--now", to_iso(SETTLED))
    house.run("send", "--now", to_iso(SETTLED + 10 * MINUTE))


def ask(house: House, question: str) -> list[dict[str, Any]]:
    """The answer to `huitou query`, as the analyst gets it in a file."""
    file = house.folder / "answer.parquet"
    house.do("query", question, "--now", to_iso(SETTLED + 20 * MINUTE), "--out", str(file))
    return list(pq.read_table(file).to_pylist())


def check_events(house: House, *feeders: Feeder) -> None:
    """Every acknowledged event is in the lake once, and nothing else is."""
    acknowledged = sorted(key for feeder in feeders for key in feeder.acknowledged)
    stored = ask(house, "SELECT event_id FROM events WHERE name NOT LIKE 'message_%' ORDER BY event_id")
    assert sorted(row["event_id"] for row in stored) == acknowledged


def check_messages(house: House, sink: Path, planned: dict[str, Any], ordered: set[str]) -> Counter[str]:
    """Each at most once at the sink; the states add up; every doubt is reported; nobody who must not got one."""
    arrived = read_index(sink)
    ids = {mail.message for mail in arrived}
    assert len(ids) == len(arrived) == len({mail.recipient for mail in arrived})  # one step each
    rows = ask(house, "SELECT id, state, reason FROM messages")
    states = Counter(row["state"] for row in rows)
    reasons = Counter(row["reason"] for row in rows if row["state"] == "suppressed")
    by_state = {state: {row["id"] for row in rows if row["state"] == state} for state in states}
    assert set(states) <= {"submitted", "suppressed", "unknown"}
    assert sum(states.values()) == planned["messages"]
    assert by_state["submitted"] <= ids <= by_state["submitted"] | by_state.get("unknown", set())
    assert states["unknown"] <= (house.kills["send"] + house.kills["postmaster"]) * IN_FLIGHT
    assert reasons == ({"ordered": len(ordered)} if ordered else {})
    assert not {mail.recipient for mail in arrived} & ordered
    report = house.run("report", "B1", "--now", to_iso(SETTLED + 20 * MINUTE))
    assert report["sent"]["in_doubt"] == states["unknown"]
    held_out = ask(house, "SELECT count(*) AS n FROM messages m JOIN decisions d ON m.customer = d.customer"
                          " WHERE d.action <> 'send'")  # fmt: skip
    assert held_out == [{"n": 0}]
    return states


def campaign(folder: Path, people: int, kills: Kills, seed: str) -> dict[str, Any]:
    """The whole walk; what happened, for whoever runs it."""
    began = time.monotonic()
    (folder / "tea.toml").write_text(CAMPAIGN, encoding="utf-8")
    sink = folder / "sink"
    with running_sink(sink, keep_mails=False) as url:
        house = House(folder, random.Random(seed), url)
        evening = ingest(house, people, kills)
        planned = plan(house, kills)
        late, ordered = order_meanwhile(house, people)
        send(house, sink, planned["messages"], kills)
    check_events(house, evening, late)
    states = check_messages(house, sink, planned, ordered)
    return {
        "kills": dict(house.kills),
        "events": len(evening.acknowledged) + len(late.acknowledged),
        "tries": evening.tries,
        "states": dict(states),
        "arrived": len(read_index(sink)),
        "seconds": round(time.monotonic() - began),
    }


def order_meanwhile(house: House, people: int) -> tuple[Feeder, set[str]]:
    """Some order before the sending; whose messages that stops."""
    wanted = {
        row["user_id"]
        for row in ask(house, "SELECT DISTINCT user_id FROM decisions WHERE action = 'send' ORDER BY user_id")
    }
    chosen = [i for i in range(0, people, NEXT_ORDERS) if f"u{i}" in wanted]
    feeder = Feeder(house, [order(i, PLANNED + MINUTE) for i in chosen])
    with running_edge(house, to_iso(PLANNED + HOUR)):
        feeder.start()
        feeder.finish()
    return feeder, {f"u{i}@example.com" for i in chosen}


@pytest.mark.timeout(600)  # a busy machine; 15 s of its own
def test_three_kills(tmp_path: Path) -> None:
    server = start_postgres(tmp_path / "data" / "postgres")  # else each of twenty commands starts and stops it
    happened = campaign(tmp_path, 400, SMALL, "small")
    server.stop()
    assert sum(happened["kills"].values()) >= 2  # the plan may be done before its kill


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_fifty_kills(tmp_path: Path) -> None:
    happened = campaign(tmp_path, 22_500, WHOLE, os.environ.get("HUITOU_SEED", "whole"))
    print(happened)  # noqa: T201 - what the campaign is run for
    assert sum(happened["kills"].values()) >= 45


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_the_database_server_is_killed(tmp_path: Path) -> None:
    happened = campaign(tmp_path, 2_000, SERVER, os.environ.get("HUITOU_SEED", "server"))
    print(happened)  # noqa: T201 - what the campaign is run for
    assert happened["kills"]["postmaster"] == SERVER.postmaster
