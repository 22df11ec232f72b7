"""Write decided messages as their customers would read them, without sending: does every one of them come out whole?

Done by the same content and render as sending. Of many messages an even sample is written, one about each product, and one of each
combination of what the words depend on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.delivery.brand import Brand, read_brand
from huitou.delivery.compose import content_for
from huitou.delivery.contexts import Told, write_contexts
from huitou.delivery.outbox import Message, message_id
from huitou.delivery.render import Rendered, render
from huitou.kit.errors import HuitouError
from huitou.kit.text import Text

EVEN = 500  # messages of an even sample: 0.3 ms each
MOST = 3_000  # of those that differ in what their words depend on


@dataclass(frozen=True)
class MessageKind:
    """Messages of one kind share their words; those of one kind fail together or for a person's own data."""

    channel: str
    language: str
    stage: str


@dataclass(frozen=True)
class Sample:
    """One message as it would be read."""

    kind: MessageKind
    message: str
    rendered: Rendered


@dataclass
class Rehearsal:
    """`tried` and `failed` messages by kind, with the last reason of each kind; `samples` of what came out."""

    tried: Counter[MessageKind] = field(default_factory=Counter)
    failed: Counter[MessageKind] = field(default_factory=Counter)
    reasons: dict[MessageKind, Text] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)


def rehearse(decisions: pa.Table, campaign: Campaign, told: Told) -> Rehearsal:
    """The messages of these decision rows, by this version of the campaign. Refused where its sender is unusable."""
    brand, found = read_brand(campaign.sender), Rehearsal()
    for row in _chosen(decisions, campaign, told):
        _write(row, campaign, brand, found)
    return found


def _write(row: Mapping[str, Any], campaign: Campaign, brand: Brand, found: Rehearsal) -> None:
    message = _message(row, campaign)
    stage = message.context.get("stage") or ""
    kind = MessageKind(message.channel, str(message.context.get("language") or ""), stage)
    found.tried[kind] += 1
    try:
        content, language = content_for(message, campaign)
        context = {**message.context, "language": language, "campaign": {"name": campaign.name}}
        found.samples.append(Sample(kind, message.id, render(content, message.id, context, brand)))
    except HuitouError as error:
        found.failed[kind] += 1
        found.reasons[kind] = error.message


def _chosen(decisions: pa.Table, campaign: Campaign, told: Told) -> Iterator[Mapping[str, Any]]:
    sends = decisions.filter(pc.equal(decisions.column("action"), "send")).combine_chunks()
    if not sends.num_rows:
        return
    rows = np.unique(np.linspace(0, sends.num_rows - 1, min(sends.num_rows, EVEN)).astype(np.int64))
    named = sends.column("products").combine_chunks()
    _, places = np.unique(pc.list_flatten(named).dictionary_encode().indices.to_numpy(), return_index=True)
    each = pc.list_parent_indices(named).take(pa.array(places)).to_numpy()[:MOST]
    rows = np.union1d(rows, _first_of_each_kind(sends)[:MOST])
    chosen = sends.take(pa.array(np.union1d(rows, each)))
    yield from chosen.append_column("context", write_contexts(chosen, campaign, told)).to_pylist()


def _first_of_each_kind(sends: pa.Table) -> Any:
    """Positions: one of each combination of what the words are chosen by and say, but for a person's own name."""
    said = [sends.column(name).cast(pa.string()) for name in ("channel", "language", "stage", "offer", "intent")]
    first = [pc.binary_join(sends.column(name), " ") for name in ("products", "why")]
    priced = pc.cast(pc.is_valid(sends.column("offer_price_minor")), pa.string())
    parts = [pc.fill_null(part, "") for part in (*said, *first, priced)]
    keys = pc.binary_join_element_wise(*parts, "\n").combine_chunks().dictionary_encode()
    return np.unique(keys.indices.to_numpy(zero_copy_only=False), return_index=True)[1]


def _message(row: Mapping[str, Any], campaign: Campaign) -> Message:
    occurrence = row["occasion"] or ""
    return Message(
        id=message_id(row["customer"], row["campaign"], occurrence, row["step"]),
        customer=row["customer"],
        root=row["customer"],
        campaign=row["campaign"],
        campaign_version=campaign.version,
        occurrence=occurrence,
        step=row["step"],
        channel=row["channel"],
        offer=row["offer"] or "",
        context=json.loads(row["context"]),
        stop_since=0,
        send_at=row["send_at"],
        expires_at=0,
        attempts=0,
        fence=0,
        address="",
        nodes=(),
    )
