"""Decisions of a house from before they were columns, brought to today's: at the first opening, once.

Until 2026-11-27 a row carried its offer's cost, the person's intent, chance and facts, the dropped steps and all that the
message needed as JSON in `context`, and the held-out had one row that told their steps there. What it said goes into the
columns; the facts go to `decision_features`, which comes first: killed in between, it is found done and the rest made up
for. Messages that are queued keep their own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.rows import write_ids
from huitou.kit.money import MICRO
from huitou.stores.lake import Lake
from huitou.stores.ledger import lock, transaction

OLD = "context"  # the column that tells an old table
APP = "decisions-as-columns"
BATCH = 20_000
FACTS = {"watched": "watch_seconds", "carts": "carts", "asked": "asked", "clicks": "clicks", "orders": "orders"}
Row = dict[str, Any]


def upgrade_decisions(lake: Lake) -> bool:
    """Bring an old table to today's columns; whether there was one. The columns are looked at again under the lock."""
    if OLD not in lake.columns(DECISIONS):
        return False
    with transaction() as connection:
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        lock(connection, f"lake:{DECISION_FEATURES.name}")
        lock(connection, f"lake:{DECISIONS.name}")
        if OLD not in lake.columns(DECISIONS):
            return False
        # Opened before the writing: delta-rs cannot be asked about a table while it writes one.
        old = _open_old(lake)
        _write_features(lake, old)
        lake.remake(DECISIONS, (_upgraded(batch) for batch in _batches(old)), APP)
    return True


def _write_features(lake: Lake, old: ds.Dataset) -> None:
    if lake.loaded_version(DECISION_FEATURES, APP) >= 1:
        return
    tables = [pa.Table.from_pylist(list(_facts(batch)), DECISION_FEATURES.schema) for batch in _batches(old)]
    if tables:
        lake.append(DECISION_FEATURES, pa.concat_tables(tables), app=APP, version=1)


def _open_old(lake: Lake) -> ds.Dataset:
    stored = lake.columns(DECISIONS)
    kept = [field for field in DECISIONS.schema if field.name in stored]
    return ds.dataset(lake.files(DECISIONS), schema=pa.schema([*kept, pa.field(OLD, pa.string())]), format="parquet")


def _batches(old: ds.Dataset) -> Iterator[list[Row]]:
    """Lists of rows; columns that some files lack are None."""
    for batch in old.to_batches(batch_size=BATCH):
        yield batch.to_pylist()


def _facts(rows: list[Row]) -> Iterator[Row]:
    """One row a decision: its first step's."""
    for row in rows:
        told = _read(row[OLD])
        if row["step"] <= min(_kept_steps(told, row)):
            facts = told.get("facts") or {}
            yield {
                "campaign": row["campaign"],
                "campaign_version": told.get("campaign_version"),
                "occasion": row["broadcast"],
                "decided_at": row["decided_at"],
                "customer": row["customer"],
                "user_id": row["user_id"],
                **{column: facts.get(name) for name, column in FACTS.items()},
            }


def _kept_steps(told: Mapping[str, Any], row: Row) -> list[int]:
    """The steps that a plan kept, of which the JSON tells only how many there were and which it dropped."""
    dropped = {one["step"] for one in told.get("dropped") or ()}
    if row["action"] == "send":
        return [min(step for step in range(1, row["step"] + 1) if step not in dropped)]
    planned = len((told.get("would") or {}).get("send_at") or ())
    return [step for step in range(1, planned + len(dropped) + 1) if step not in dropped] or [row["step"]]


def _upgraded(rows: list[Row]) -> pa.RecordBatch:
    made = [new for row in rows for new in _columns(row, _read(row[OLD]))]
    table = pa.Table.from_pylist(made, DECISIONS.schema).combine_chunks()
    return table.to_batches()[0] if made else pa.RecordBatch.from_pylist([], DECISIONS.schema)


def _columns(row: Row, told: Mapping[str, Any]) -> Iterator[Row]:
    offer, broadcast = told.get("offer") or {}, told.get("broadcast") or {}
    dropped, products = told.get("dropped") or (), told.get("products") or ()
    common = {
        **row,
        "occasion": row["broadcast"],
        "campaign_version": told.get("campaign_version"),
        "why": [one.get("why", "") for one in products],
        "offer_cost": Decimal(offer.get("expected_cost_micro", 0)) / MICRO,
        "offer_price_minor": offer.get("offer_price_minor"),
        "offer_expires_at": offer.get("expires_at"),
        "intent": told.get("intent"),
        "stage": told.get("stage"),
        "language": told.get("language"),
        "timezone": told.get("timezone"),
        "holdout_chance": told.get("holdout"),
        "dropped_steps": [one["step"] for one in dropped],
        "dropped_reasons": [one["reason"] for one in dropped],
        "stop_since": told.get("stop_since") or broadcast.get("started_at"),
        "expires_at": told.get("expires_at"),
    }
    would = told.get("would")
    yield from _held_out(common, would, _kept_steps(told, row)) if would else (common,)


def _held_out(row: Row, would: Mapping[str, Any], steps: list[int]) -> Iterator[Row]:
    """The steps that somebody held out would have got, a row each."""
    moments = would.get("send_at") or [None]
    ids = write_ids(row["campaign"], row["broadcast"], pa.array([row["customer"]] * len(steps)), np.array(steps))
    for number, step, at in zip(ids.to_pylist(), steps, moments, strict=True):
        yield {
            **row,
            "decision_id": number,
            "step": step,
            "send_at": at,
            "timing": would["timing"],
            "channel": would["channel"],
            "offer": would["offer"],
            "stop_since": would.get("stop_since"),
        }


def _read(context: str | None) -> Mapping[str, Any]:
    told = json.loads(context) if context else {}
    return told if isinstance(told, dict) else {}
