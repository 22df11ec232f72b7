"""The Segment HTTP API: what is kept, what is refused and how, and nothing that makes it stumble."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.edge import committer as committer_module
from huitou.edge.app import EdgeApp
from huitou.edge.committer import Committer
from huitou.events.journal import append_batch
from huitou.events.model import Event
from tests.edge.conftest import KEY, track
from tests.events.events import click

Journal = Callable[[], list[Event]]
DEEP = b'{"batch":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
EVENT = json.dumps(track("m")).encode()


def with_body(inner: bytes) -> bytes:
    return b'{"batch":[' + inner + b"]}"


def property_of(value: bytes) -> bytes:
    return with_body(EVENT.replace(b'"B20"', b'"B20","x":' + value))


# name -> (body, status, code of the refusal)
UNREADABLE = {
    "empty": b"",
    "NaN": property_of(b"NaN"),
    "Infinity": property_of(b"-Infinity"),
    "1e999": property_of(b"1e999"),
    "lone surrogate": property_of(b'"\\ud800"'),
    "nested 200,000 deep": DEEP,
    "truncated": with_body(EVENT)[:-4],
    "trailing bytes": with_body(EVENT) + b"x",
    "UTF-16": with_body(EVENT).decode().encode("utf-16"),
    "Latin-1": with_body(EVENT.replace(b"B20", b"\xe9\xe8")),
    "a form": b"data=eyJhIjoxfQ%3D%3D",
    "5,000 digits": property_of(b"1" * 5000),
}
NO_BATCH = {
    "null": b"null",
    "number": b"7",
    "text": b'"batch"',
    "list": b"[" + EVENT + b"]",
    "object": b"{}",
    "batch is text": b'{"batch":"x"}',
    "batch is null": b'{"batch":null}',
    "batch is an object": b'{"batch":{}}',
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_is_no_json_is_400_and_nothing_is_stored(
    edge: httpx.AsyncClient, journal: Journal, name: str
) -> None:
    answer = await edge.post("/v1/batch", content=UNREADABLE[name])
    assert (answer.status_code, answer.json()["code"]) == (400, "rejected")
    assert set(answer.json()["message"]) == {"zh", "en"}
    assert journal() == []


@pytest.mark.parametrize("name", NO_BATCH)
async def test_what_has_no_batch_is_refused(edge: httpx.AsyncClient, name: str) -> None:
    answer = await edge.post("/v1/batch", content=NO_BATCH[name])
    assert (answer.status_code, answer.json()["code"]) == (400, "no_batch")


async def test_an_empty_batch_is_fine(edge: httpx.AsyncClient) -> None:
    answer = await edge.post("/v1/batch", content=b'{"batch":[]}')
    assert answer.json() == {"success": True, "accepted": 0, "duplicate": 0, "quarantined": 0, "rejected": []}


async def test_bad_events_are_named_by_index_and_the_rest_goes_in(edge: httpx.AsyncClient, journal: Journal) -> None:
    batch = [
        track("good-1"),
        None,
        7,
        "text",
        [],
        {},
        track("no name") | {"event": " "},
        track("no one") | {"userId": None},
        track("late") | {"timestamp": "yesterday"},
        track("big", content="x" * 33_000),
        {**track("unknown"), "type": "purchase"},
        track("good-2"),
    ]
    answer = (await edge.post("/v1/batch", json={"batch": batch})).json()
    assert (answer["accepted"], answer["duplicate"], answer["quarantined"]) == (2, 0, 0)
    fields = {one["index"]: one["field"] for one in answer["rejected"]}
    assert fields == {1: "", 2: "", 3: "", 4: "", 5: "type", 6: "event", 7: "userId", 8: "timestamp", 9: "", 10: "type"}
    assert all(one["reason"] for one in answer["rejected"])
    assert [event.event_id for event in journal()] == ["good-1", "good-2"]


async def test_an_event_over_32_kb_is_rejected_by_its_index(edge: httpx.AsyncClient, journal: Journal) -> None:
    fits = track("fits", content="x" * 32_000)
    over = track("over", content="x" * 33_000)
    answer = (await edge.post("/v1/batch", json={"batch": [fits, over]})).json()
    assert answer["accepted"] == 1
    assert [(one["index"], "over 32 KB" in one["reason"]) for one in answer["rejected"]] == [(1, True)]
    single = await edge.post("/v1/track", json=over)
    assert (single.status_code, single.json()["code"]) == (400, "rejected")
    assert [event.event_id for event in journal()] == ["fits"]


@pytest.mark.parametrize("zipped", [False, True])
async def test_a_body_over_500_kb_is_413_plain_or_unzipped(
    edge: httpx.AsyncClient, journal: Journal, zipped: bool
) -> None:
    body = json.dumps({"batch": [track(f"m-{n}", content="x" * 5_000) for n in range(110)]}).encode()
    assert len(body) > 500 * 1024
    answer = await edge.post("/v1/batch", content=gzip.compress(body) if zipped else body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert journal() == []


async def test_a_streamed_body_is_measured_as_it_comes(edge: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        for _ in range(600):
            yield b" " * 1024

    assert (await edge.post("/v1/batch", content=chunks())).status_code == 413


def pack(body: bytes, level: int = 9) -> bytes:
    return gzip.compress(body, level, mtime=0)


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: pack(b"\0" * 500_000_000, 1), 413),  # a bomb of 2 MB on the wire
        (lambda: pack(b"\0" * 100_000_000), 413),  # 1:1000, 97 KB on the wire
        (lambda: pack(pack(with_body(EVENT))), 400),  # zipped twice
        (lambda: pack(with_body(EVENT))[:-9], 400),
        (lambda: pack(with_body(EVENT))[:12] + b"garbage", 400),
        (lambda: b"\x1f\x8b", 400),
    ],
    ids=["bomb", "dense bomb", "twice", "cut", "garbage", "head alone"],
)
async def test_damaged_and_hostile_gzip_is_refused(
    edge: httpx.AsyncClient, make: Callable[[], bytes], status: int
) -> None:
    assert (await edge.post("/v1/batch", content=make())).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"},  # RudderStack
        {"content-type": "text/plain"},  # browsers that avoid a preflight
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": ""},
        {"content-type": "application/json; charset=latin-1"},
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
async def test_headers_that_lie_about_the_body_do_not_matter(
    edge: httpx.AsyncClient, headers: dict[str, str], zipped: bool
) -> None:
    body = with_body(EVENT)
    answer = await edge.post("/v1/batch", content=gzip.compress(body) if zipped else body, headers=headers)
    assert answer.json()["accepted"] == 1


async def test_of_duplicate_keys_the_last_wins_and_a_bom_is_skipped(edge: httpx.AsyncClient, journal: Journal) -> None:
    body = (
        b'\xef\xbb\xbf{"batch":[],"batch":['
        + EVENT.replace(b'"messageId": "m"', b'"messageId":"a","messageId":"b"')
        + b"]}"
    )
    assert (await edge.post("/v1/batch", content=body)).json()["accepted"] == 1
    assert [event.event_id for event in journal()] == ["b"]


async def test_numbers_beyond_64_bits_and_nul_survive(edge: httpx.AsyncClient, journal: Journal) -> None:
    body = property_of(b'{"big": 123456789012345678901234567890, "nul": "a\\u0000b", "zero": -0, "__proto__": 1}')
    assert (await edge.post("/v1/batch", content=body)).json()["accepted"] == 1
    stored = journal()[0].properties["x"]
    assert stored == {"big": 123456789012345678901234567890, "nul": "a\ufffdb", "zero": 0, "__proto__": 1}


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic d3Jvbmc6",
        "Bearer",
        "Bearer wrong",
        "Digest x",
        "Basic " + "A" * 5000,
        "Basic /w==",
    ],
)
async def test_a_missing_or_wrong_key_is_401(edge: httpx.AsyncClient, journal: Journal, authorization: str) -> None:
    edge.auth = httpx.Auth()
    answer = await edge.post("/v1/batch", json={"batch": [track("m")]}, headers={"authorization": authorization})
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
    assert journal() == []


async def test_bearer_names_the_key_too(edge: httpx.AsyncClient) -> None:
    edge.auth = httpx.Auth()
    answer = await edge.post("/v1/track", json=track("m"), headers={"authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
async def test_every_single_path_takes_its_type(edge: httpx.AsyncClient, journal: Journal, kind: str) -> None:
    more = {"group": {"groupId": "g"}, "alias": {"previousId": "a-1"}, "track": {"event": "live_entered"}}.get(kind, {})
    body = {"userId": "u-1", "messageId": kind, "traits": {}, **more}
    answer = await edge.post(f"/v1/{kind}", json=body)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert [event.type for event in journal()] == [kind]
    bad = await edge.post(f"/v1/{kind}", json={**body, "userId": None, "previousId": None})
    assert (bad.status_code, bad.json()["code"]) == (400, "rejected")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/batch", 405),
        ("HEAD", "/v1/batch", 405),
        ("PUT", "/v1/track", 405),
        ("DELETE", "/health", 405),
        ("GET", "/nothing", 404),
        ("POST", "/v1/", 404),
        ("POST", "/v1/unknown", 404),
        ("POST", "/v1/batch/", 404),
        ("GET", "/%2e%2e/etc/passwd", 404),
        ("HEAD", "/health", 200),
    ],
)
async def test_other_methods_and_paths_are_told_in_json(
    edge: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await edge.request(method, path)
    assert answer.status_code == status


async def test_browsers_of_any_site_may_send(edge: httpx.AsyncClient) -> None:
    asked = await edge.options(
        "/v1/batch",
        headers={
            "origin": "https://shop.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        },
    )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    for body in ({"batch": [track("m")]}, {"batch": 7}):
        answer = await edge.post("/v1/batch", json=body, headers={"origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in (await edge.get("/metrics")).headers


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "batch",
                        "type",
                        "event",
                        "userId",
                        "messageId",
                        "timestamp",
                        "properties",
                        "traits",
                        "context",
                        "sentAt",
                        "total",
                        "products",
                        "price",
                    ]
                )
                | st.text(max_size=3),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_the_answer_is_counted_or_a_refusal(app: EdgeApp, document: Any) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge", auth=(KEY, "")) as edge:
        for path, body in (
            (
                "/v1/batch",
                {"batch": [document, {"type": "track", "event": "x", "userId": "u", "properties": document}]},
            ),
            ("/v1/track", document),
            ("/v1/batch", document),
        ):
            content = json.dumps(body).encode("utf-8", "replace")
            answer = await edge.post(path, content=content)
            assert answer.status_code in (200, 400, 413)
            if answer.status_code == 200:
                counts = answer.json()
                given_events = len(body["batch"]) if path == "/v1/batch" else 1
                assert (
                    counts["accepted"] + counts["duplicate"] + counts["quarantined"] + len(counts["rejected"])
                    == given_events
                )


async def test_the_same_event_a_hundred_times_at_once_is_one(edge: httpx.AsyncClient, journal: Journal) -> None:
    answers = await asyncio.gather(*(edge.post("/v1/track", json=track("once")) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["accepted"] for answer in answers) == 1
    assert sum(answer.json()["duplicate"] for answer in answers) == 99
    assert len(journal()) == 1


async def test_the_same_id_with_other_content_is_put_aside(
    edge: httpx.AsyncClient, journal: Journal, ledger: ModuleType
) -> None:
    await edge.post("/v1/track", json=track("m", content="first"))
    answer = await edge.post("/v1/track", json=track("m", content="second"))
    assert answer.json() == {"success": True, "accepted": 0, "duplicate": 0, "quarantined": 1, "rejected": []}
    assert [event.properties["content"] for event in journal()] == ["first"]
    with ledger.connect(autocommit=True) as connection:
        assert connection.execute("SELECT event_id FROM quarantine").fetchall() == [("m",)]


async def test_overload_is_503_with_retry_after_and_what_was_accepted_is_stored(
    edge: httpx.AsyncClient, journal: Journal, ledger: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_module, "MOST_WAITING", 50)
    with ledger.connect() as blocking:  # nothing can be written: the loader's exclusive lock
        ledger.lock(blocking, "journal")
        sent = [asyncio.create_task(edge.post("/v1/track", json=track(f"m-{n}"))) for n in range(400)]
        while sum(task.done() for task in sent) < 200:  # noqa: ASYNC110 - the tasks are what we wait for
            await asyncio.sleep(0.01)
        blocking.rollback()
    answers = await asyncio.gather(*sent)
    by_status = {status: [a for a in answers if a.status_code == status] for status in (200, 503)}
    assert len(by_status[200]) + len(by_status[503]) == 400
    assert by_status[200]
    assert len(by_status[503]) >= 200
    assert {answer.headers["retry-after"] for answer in by_status[503]} == {"1"}
    accepted = {f"m-{n}" for n, answer in enumerate(answers) if answer.status_code == 200}
    assert {event.event_id for event in journal()} == accepted


async def test_a_committer_that_stops_first_answers_those_who_wait(ledger: ModuleType) -> None:
    committer = Committer()
    committer.start()
    waiting = [asyncio.create_task(committer.commit([click(n)])) for n in range(50)]
    await asyncio.sleep(0)
    await committer.stop()
    assert [await task for task in waiting] == [["accepted"]] * 50
    assert committer.backlog == 0


async def test_metrics_count_events_by_outcome(edge: httpx.AsyncClient) -> None:
    def count(page: str) -> dict[str, float]:
        lines = (line for line in page.splitlines() if line.startswith("huitou_events_total"))
        return {line.split('"')[1]: float(line.split()[-1]) for line in lines}

    before = count((await edge.get("/metrics")).text)
    await edge.post("/v1/batch", json={"batch": [track("a"), track("a"), track("a", content="other"), {}]})
    after = count((await edge.get("/metrics")).text)
    assert {name: after[name] - before[name] for name in after} == {
        "accepted": 1,
        "duplicate": 1,
        "quarantined": 1,
        "rejected": 1,
    }


async def test_what_postgres_refuses_is_put_aside_and_its_neighbours_go_in(
    app: EdgeApp, journal: Journal, ledger: ModuleType
) -> None:
    """An id too long for an index cannot come through the validator; the committer copes all the same."""
    order = random.Random(20).randbytes(4_000).hex()
    odd = msgspec.structs.replace(click(1), event_id="odd", name="order_paid", properties={"order_id": order})
    outcomes = await app.state.committer.commit([click(0), odd, click(2)])
    assert list(outcomes) == ["accepted", "quarantined", "accepted"]
    assert [event.event_id for event in journal()] == ["c0", "c2"]


async def test_a_lost_connection_is_replaced_without_the_sender_noticing(
    edge: httpx.AsyncClient, journal: Journal, ledger: ModuleType
) -> None:
    for number in range(12):  # every writer gets its turn
        assert (await edge.post("/v1/track", json=track(f"m-{number}"))).status_code == 200
        with ledger.connect(autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    assert len(journal()) == 12


async def test_requests_that_share_a_commit_are_each_answered_for_their_own_events(ledger: ModuleType) -> None:
    append_batch([click(1)])
    committer = Committer()
    asked = [asyncio.create_task(committer.commit(events)) for events in ([click(2), click(3)], [click(1), click(4)])]
    await asyncio.sleep(0)  # both wait before the first writer starts
    committer.start()
    try:
        assert await asyncio.gather(*asked) == [["accepted", "accepted"], ["duplicate", "accepted"]]
    finally:
        await committer.stop()
