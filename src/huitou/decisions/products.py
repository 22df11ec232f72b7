"""Which product to remind each person of: what they carted, clicked, asked for or saw and did not buy, in stock.

Why it is there goes with it, so that words about looking reach only those who looked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.decisions.columns import Bools, Ints, codes, flags, ints, rows_of, texts
from huitou.decisions.inputs import Inputs
from huitou.decisions.people import People

MOST = 3  # products a message names
UNKNOWN = -1
# Why a product stands in a person's message; '' where nothing can be said (they only asked, or it fills a gap without
# having sold most). `watched`: it was shown while they were in the room.
WHY = ("", "carted", "clicked", "watched", "best_seller")


@dataclass(frozen=True)
class ProductChoice:
    """`catalogue` has every product known; `top` (n, MOST) positions in it, -1 for none, the best first; `why` (n, MOST)
    positions in WHY. `price`, `margin` (n,) minor units of the campaign's currency; of the first product where it is
    `priced`, else of the person's usual order. `sold_out`: the broadcast had products and none is left."""

    catalogue: pa.Table
    top: Ints
    why: Ints
    price: Ints
    margin: Ints
    priced: Bools
    sold_out: bool


def choose_products(inputs: Inputs, people: People, campaign: Campaign) -> ProductChoice:
    products = _catalogue(inputs)
    seen_product = rows_of(texts(inputs.seen, "product"), texts(products, "product"))
    stock = ints(products, "stock", 1)
    top, why = _top(inputs, people, seen_product, stock)
    buyers = _buyers(inputs, products)
    best = _best_of_all(inputs, seen_product, stock, buyers)
    _fill_gaps(top, why, best, _best_seller(inputs, buyers), inputs, people, seen_product)
    price, margin, priced = _price(products, top[:, 0], people, campaign)
    return ProductChoice(products, top, why, price, margin, priced, bool(len(stock) and not best))


def _catalogue(inputs: Inputs) -> pa.Table:
    """The known products, and those that were seen without being known, by id."""
    seen = pc.unique(texts(inputs.seen, "product"))
    unknown = seen.filter(pc.invert(pc.is_in(seen, value_set=texts(inputs.products, "product")))).drop_null()
    columns = {field.name: pa.nulls(len(unknown), field.type) for field in inputs.products.schema}
    table = pa.concat_tables(
        [inputs.products, pa.table({**columns, "product": unknown}, schema=inputs.products.schema)]
    )
    return table.take(pc.sort_indices(table, [("product", "ascending")])).combine_chunks()


def _top(inputs: Inputs, people: People, product: Ints, stock: Ints) -> tuple[Ints, Ints]:
    seen = inputs.seen
    person = rows_of(texts(seen, "customer"), people.customer)
    wanted = (person >= 0) & (product >= 0) & ~flags(seen, "ordered")
    wanted[wanted] = stock[product[wanted]] > 0
    rows = np.flatnonzero(wanted)
    signs = [ints(seen, name)[rows] for name in ("carts", "clicks", "asked", "seen_seconds")]
    order = np.lexsort((product[rows], *(-sign for sign in reversed(signs)), person[rows]))
    owner, chosen = person[rows][order], product[rows][order]
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    top = np.full((len(people), MOST), UNKNOWN, dtype=np.int64)
    why = np.zeros((len(people), MOST), dtype=np.int64)
    first = place < MOST
    top[owner[first], place[first]] = chosen[first]
    why[owner[first], place[first]] = _own_reason(*(sign[order][first] for sign in signs))
    return top, why


def _own_reason(carts: Ints, clicks: Ints, asked: Ints, seen_seconds: Ints) -> Ints:
    """(n,) positions in WHY: the strongest thing that the person did with the product."""
    did = [carts > 0, clicks > 0, seen_seconds > 0]
    return np.select(did, [WHY.index("carted"), WHY.index("clicked"), WHY.index("watched")], 0)


def _best_of_all(inputs: Inputs, product: Ints, stock: Ints, buyers: Ints) -> list[int]:
    """The products in stock, first what most people bought, then carted, clicked, looked at; else in order of id."""
    size = len(stock)
    known = product >= 0
    totals = [
        np.bincount(product[known], weights=ints(inputs.seen, name)[known], minlength=size)
        for name in ("seen_seconds", "clicks", "carts")
    ]
    order = np.lexsort((-np.arange(size), *totals, buyers))
    return [int(index) for index in order[::-1] if stock[index] > 0]


def _buyers(inputs: Inputs, products: pa.Table) -> Ints:
    """(n,) how many people bought each product in the show's time, seen watching or not."""
    found = np.zeros(products.num_rows, dtype=np.int64)
    row = rows_of(texts(inputs.sold, "product"), texts(products, "product"))
    found[row[row >= 0]] = ints(inputs.sold, "buyers")[row >= 0]
    return found


def _best_seller(inputs: Inputs, buyers: Ints) -> int:
    """The product that more people bought than any other; UNKNOWN where nothing was sold, where two share the first place,
    and where what sold most is none that viewers are reminded of."""
    sold = ints(inputs.sold, "buyers")
    most = sold.max(initial=1)
    found = np.flatnonzero(buyers == most)
    return int(found[0]) if len(found) == 1 and int((sold == most).sum()) == 1 else UNKNOWN


def _fill_gaps(
    top: Ints, why: Ints, best: list[int], best_seller: int, inputs: Inputs, people: People, product: Ints
) -> None:
    """Whoever looked at nothing that is left gets the broadcast's best that they did not buy."""
    bought = flags(inputs.seen, "ordered")
    owner = rows_of(texts(inputs.seen, "customer"), people.customer)
    for candidate in best:
        gaps = top[:, 0] == UNKNOWN
        gaps[owner[bought & (product == candidate) & (owner >= 0)]] = False
        top[gaps, 0] = candidate
        why[gaps, 0] = WHY.index("best_seller") if candidate == best_seller else 0
        if not (top[:, 0] == UNKNOWN).any():
            return


def _price(products: pa.Table, first: Ints, people: People, campaign: Campaign) -> tuple[Ints, Ints, Bools]:
    """Without a price in the campaign's currency the person's usual order stands in, then everybody's, then the
    campaign's `typical_order_minor`."""
    known = ints(products, "price_minor", 0)
    index, names = codes(texts(products, "currency"))
    foreign = np.array([name is not None and name != campaign.currency for name in names], dtype=np.bool_)
    if len(known):
        known = np.where(foreign[index], 0, known)
    rate = ints(products, "margin_ppm", round(campaign.margin * 1_000_000))
    has = first != UNKNOWN
    price = np.zeros(len(people), dtype=np.int64)
    ppm = np.full(len(people), round(campaign.margin * 1_000_000), dtype=np.int64)
    price[has], ppm[has] = known[first[has]], rate[first[has]]
    priced = price > 0
    price = np.where(priced, price, people.average)
    usual = people.average[people.average > 0]
    fallback = int(np.median(usual)) if len(usual) else campaign.typical_order_minor
    price = np.where(price > 0, price, fallback)
    return price, price * ppm // 1_000_000, priced
