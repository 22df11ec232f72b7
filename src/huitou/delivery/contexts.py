"""The `context` of a message: JSON of what its words may say, joined when it is queued.

What was decided comes from the decision's columns; names, title, products and prices are those of the moment of queueing.
Written column by column: what many rows share is made once, per person only the name and a few numbers are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.kit.text import LANGUAGES

SHOWN = ("name", "category", "price_minor", "currency", "url")  # of a product, where they are known
FACTS = ("watched", "carts", "asked", "clicks", "orders")


@dataclass(frozen=True)
class Told:
    """What messages say besides what was decided.

    `people` has `customer`, `name` and FACTS (what they did), one row a person; `products` has `product`, `stock` and
    SHOWN, one row a product. Who or what is missing there is left out of the words.
    """

    broadcast: Broadcast
    people: pa.Table
    products: pa.Table


def write_contexts(sends: pa.Table, campaign: Campaign, told: Told) -> pa.Array:
    """(rows,) JSON texts for decision rows that are to be sent, all by this version of the campaign."""
    if not sends.num_rows:
        return pa.array([], pa.string())
    return _join(
        pa.scalar("{" + _json(_constants(campaign, told.broadcast))[1:-1] + ',"customer":{'),
        _about_people(sends, told.people),
        *(
            part
            for name in ("timezone", "language", "stage", "intent")
            for part in (pa.scalar(f',"{name}":'), _each(sends.column(name), _json))
        ),
        _products(sends, told.products),
        _offers(sends, campaign),
        pa.scalar("}"),
    )


def _constants(campaign: Campaign, broadcast: Broadcast) -> dict[str, Any]:
    show = {
        "id": broadcast.broadcast,
        "title": broadcast.title or "",
        "started_at": broadcast.started_at,
        "ended_at": broadcast.ended_at or broadcast.last_event_at,
    }
    return {"broadcast": show, "currency": campaign.currency}


def _about_people(sends: pa.Table, people: pa.Table) -> pa.Array:
    """'"name":…},"facts":{…}': the end of one brace and the beginning of the next, for whom each is known."""
    row = pc.index_in(_whole(sends.column("customer")), value_set=_whole(people.column("customer")))
    names = ["" if not name else '"name":' + _json(name) for name in people.column("name").to_pylist()]
    facts = [pa.scalar('},"facts":{')]
    for place, name in enumerate(FACTS):
        label = pa.scalar(f'{"," if place else ""}"{name}":')
        facts += [label, pc.cast(pc.fill_null(_whole(people.column(name)), 0), pa.string())]
    whole = _join(pa.array(names, pa.string()), *facts, pa.scalar("}"))
    return pc.fill_null(whole.take(row), "}")


def _products(sends: pa.Table, products: pa.Table) -> pa.Array:
    """',"products":[…]', each with why it stands there."""
    lists, why = _whole(sends.column("products")), _whole(sends.column("why"))
    known = {row["product"]: row for row in products.to_pylist()}
    pairs = pa.StructArray.from_arrays([lists.flatten(), why.flatten()], ["id", "why"])
    keys = _join(pairs.field(0), pa.scalar("\n"), pairs.field(1)).dictionary_encode()
    said = [_json(_product(key, known)) for key in keys.dictionary.to_pylist()]
    items = pa.ListArray.from_arrays(lists.offsets, pa.array(said, pa.string()).take(keys.indices))
    return _join(pa.scalar(',"products":['), pc.binary_join(items, ","), pa.scalar("]"))


def _product(key: str, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`key` is the product's id and, in a line of its own, why it stands there. `in_stock` only where the stock is known:
    nobody is told that there is some because nobody counted."""
    product, why = key.rsplit("\n", 1)
    row = known.get(product, {})
    told = {"id": product, **{name: row[name] for name in SHOWN if row.get(name) is not None}}
    if (row.get("stock") or 0) > 0:
        told["in_stock"] = True
    return {**told, "why": why} if why else told


def _offers(sends: pa.Table, campaign: Campaign) -> pa.Array:
    """',"offer":{…}' with its words, its end and the price it leaves; '' without one."""
    heads = {one.name: _offer(campaign, one.name) for one in campaign.offers if not one.is_none}
    head = _each(sends.column("offer"), lambda name: heads.get(name, ""))
    end = pc.cast(_whole(sends.column("offer_expires_at")), pa.string())
    price = pc.cast(_whole(sends.column("offer_price_minor")), pa.string())
    left = _join(pa.scalar(',"offer_price_minor":'), price)
    return pc.if_else(pc.equal(head, ""), "", _join(head, end, pc.fill_null(left, ""), pa.scalar("}"))).fill_null("")


def _offer(campaign: Campaign, name: str) -> str:
    offer = campaign.offer(name)
    text = {language: offer.text(language, campaign.currency) for language in LANGUAGES}
    return f',"offer":{_json({"name": name, "kind": offer.kind, "text": text})[:-1]},"expires_at":'


def list_json(column: pa.ChunkedArray) -> pa.Array:
    """(n,) lists of texts as JSON."""
    lists = _whole(column)
    items = pa.ListArray.from_arrays(lists.offsets, _each(lists.flatten(), _json))
    return _join(pa.scalar("["), pc.binary_join(items, ","), pa.scalar("]"))


def _each(column: pa.Array | pa.ChunkedArray, say: Callable[[Any], str]) -> pa.Array:
    """(n,) `say` of each value, asked once of each distinct one."""
    encoded = _whole(column).dictionary_encode(null_encoding="encode")
    said = [say(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(said, pa.string()).take(encoded.indices)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array; of lists one that begins at its first item."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    elif pa.types.is_list(column.type):
        column = pa.concat_arrays([column])
    return column


def _join(*parts: pa.Array | pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
