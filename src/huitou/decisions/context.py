"""The `context` of a decision row: JSON of what the templates need, and of the facts behind the reason.

Written column by column: what many rows share is made once, per person only the name and a few numbers are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.campaigns.content import choose_language
from huitou.catalog.broadcasts import Broadcast
from huitou.decisions.columns import Bools, Ints, codes, pick_texts, texts
from huitou.decisions.goods import WHY
from huitou.decisions.people import People
from huitou.decisions.plan import ACTIONS, HOLDOUT, SEND, Plan
from huitou.decisions.schedule import DROPPED, KEPT
from huitou.kit.clock import HOUR
from huitou.kit.text import LANGUAGES
from huitou.rewards.offers import Offer

INTENT_NAMES = ("high", "considering", "drifting")


def write_contexts(plan: Plan, broadcast: Broadcast, person: Ints, send_at: Ints, start: Ints) -> pa.Array:
    """(rows,) JSON texts. `person` (rows,) is the position in people; `send_at` (rows,) 0 where nothing is sent;
    `start` (rows,) the moment the offer's validity counts from."""
    who = _about_person(plan)
    text = _join(pa.scalar("{"), who.take(pa.array(person)))
    action = plan.action[person]
    sends = action == ACTIONS.index(SEND)
    parts = [
        (sends, _about_message(plan, broadcast, person[sends], send_at[sends], start[sends])),
        (action == ACTIONS.index(HOLDOUT), _would(plan, broadcast, person[action == ACTIONS.index(HOLDOUT)])),
    ]
    return _join(text, *(_spread(where, part) for where, part in parts), pa.scalar("}"))


def _about_person(plan: Plan) -> pa.Array:
    """(n,) '"intent":"high","facts":{…}', the chance of being held out, and the dropped steps."""
    people = plan.people
    intent = pick_texts([f'"intent":"{name}","facts":{{"watched":' for name in INTENT_NAMES], people.intent)
    facts = [_digits(people.watched)]
    for name, values in (
        ("carts", people.carts), ("asked", people.asked), ("clicks", people.clicks), ("orders", people.orders),
    ):  # fmt: skip
        facts += [pa.scalar(f',"{name}":'), _digits(values)]
    return _join(intent, *facts, pa.scalar('},"holdout":'), _chances(plan), _dropped(plan))


def _chances(plan: Plan) -> pa.Array:
    """(n,) the chance that each person had of being held out: the report weighs by it."""
    chances, which = np.unique(np.round(plan.draws.holdout.chance, 6), return_inverse=True)
    return pick_texts([_json(float(chance)) for chance in chances], which.ravel())


def _dropped(plan: Plan) -> pa.Array:
    """(n,) ',"dropped":[…]' for those whose plan lost steps, '' for the others."""
    result = np.full(len(plan.people), "", dtype=object)
    for arm in np.unique(plan.arm[plan.arm >= 0]):
        rows = np.flatnonzero(plan.arm == arm)
        schedule, offer = plan.menu.schedule(arm), plan.menu.parts(arm)[2]
        why = schedule.dropped[rows].copy()
        why[(why == KEPT) & ~schedule.kept(offer)[rows]] = len(DROPPED) - 1
        patterns, pattern = np.unique(why, axis=0, return_inverse=True)
        said = np.array([_say_dropped(codes_) for codes_ in patterns], dtype=object)
        result[rows] = said[pattern.ravel()]
    return pa.array(result, pa.string())


def _say_dropped(why: NDArray[np.int8]) -> str:
    lost = [{"step": step, "reason": DROPPED[code]} for step, code in enumerate(why, 1) if code != KEPT]
    return f',"dropped":{_json(lost)}' if lost else ""


def _would(plan: Plan, broadcast: Broadcast, person: Ints) -> pa.Array:
    """What the held-out would have got, and when: caps count it as if it had been sent (contacts.sql)."""
    result = np.full(len(person), "", dtype=object)
    for arm in np.unique(plan.arm[person]):
        rows = np.flatnonzero(plan.arm[person] == arm)
        timing, channel, offer = plan.menu.parts(arm)
        schedule = plan.menu.schedule(arm)
        kept = schedule.kept(offer)[person[rows]]
        what = _json({"timing": timing.name, "channel": channel.name, "offer": offer.name})[:-1]
        head = f',"would":{what},"stop_since":{broadcast.started_at},"send_at":'
        moments = [_json(at[goes].tolist()) for at, goes in zip(schedule.send_at[person[rows]], kept, strict=True)]
        result[rows] = [f"{head}{at}}}" for at in moments]
    return pa.array(result, pa.string())


def _about_message(plan: Plan, broadcast: Broadcast, person: Ints, send_at: Ints, start: Ints) -> pa.Array:
    campaign, menu, people = plan.menu.campaign, plan.menu, plan.people
    arm = plan.arm[person]
    ended_at = menu.ended_at
    show = {
        "broadcast": {
            "id": broadcast.broadcast,
            "title": broadcast.title or "",
            "started_at": broadcast.started_at,
            "ended_at": ended_at,
        },
        "campaign_version": campaign.version,
        "currency": campaign.currency,
        "stop_since": broadcast.started_at,
        "expires_at": ended_at + campaign.window_us(),
    }
    return _join(
        pa.scalar("," + _json(show)[1:-1] + ',"customer":{'),
        _names(people).take(pa.array(person)),
        pa.scalar('},"timezone":'),
        pick_texts([_json(name) for name in people.zone_names], people.zones[person]),
        pa.scalar(',"language":'),
        _languages(plan, person, arm),
        pa.scalar(',"stage":'),
        _stages(plan, send_at),
        _products(plan, person),
        _offers(plan, person, arm, start),
    )


def _names(people: People) -> pa.Array:
    names = texts(people.table, "name").to_pylist()
    return pa.array(["" if not name else '"name":' + _json(name) for name in names], pa.string())


def _languages(plan: Plan, person: Ints, arm: Ints) -> pa.Array:
    """The language of the words that will be used: what the campaign has for this channel, nearest to the person's."""
    campaign = plan.menu.campaign
    spoken, names = codes(texts(plan.people.table, "language"))
    channels = [channel.name for channel in campaign.channels]
    words = [_json(choose_language(campaign, channel, name)) for name in names or [None] for channel in channels]
    return pick_texts(words, spoken[person] * len(channels) + plan.menu.channel[arm])


def _stages(plan: Plan, send_at: Ints) -> pa.Array:
    campaign = plan.menu.campaign
    begins = sorted(set(campaign.stages.values()))
    names = [campaign.stage_at(begin) for begin in begins]
    hours = (send_at - plan.menu.ended_at) / HOUR
    index = np.maximum(np.searchsorted(np.array(begins), hours, side="right") - 1, 0)
    return pick_texts([_json(name) for name in names], index)


def _products(plan: Plan, person: Ints) -> pa.Array:
    goods = plan.goods
    kinds = [_product(row) for row in goods.products.to_pylist()]
    said = [_json({**kind, "why": why} if why else kind) for why in WHY for kind in kinds]
    more = ["," + text for text in said]
    top, why = goods.top[person], goods.why[person]
    index = np.where(top < 0, -1, why * len(kinds) + top)
    listed = [pick_texts(said if place == 0 else more, index[:, place]).fill_null("") for place in range(top.shape[1])]
    return _join(pa.scalar(',"products":['), *listed, pa.scalar("]"))


def _product(row: dict[str, Any]) -> dict[str, Any]:
    """`in_stock` only where the stock is known: nobody is told that there is some because nobody counted."""
    kept = ("name", "category", "price_minor", "currency", "url")
    told = {"id": row["product"], **{name: row[name] for name in kept if row[name] is not None}}
    return {**told, "in_stock": True} if (row["stock"] or 0) > 0 else told


def _offers(plan: Plan, person: Ints, arm: Ints, start: Ints) -> pa.Array:
    """',"offer":{…}' with its words, its end, the price it leaves and what it is expected to cost; '' without one."""
    menu, price = plan.menu, plan.goods.price[person]
    result = np.full(len(person), "", dtype=object)
    for index, offer in enumerate(menu.campaign.offers):
        rows = np.flatnonzero(menu.offer[arm] == index)
        if offer.is_none or len(rows) == 0:
            continue
        result[rows] = _offer_rows(plan, offer, person[rows], price[rows], start[rows])
    return pa.array(result, pa.string())


def _offer_rows(plan: Plan, offer: Offer, person: Ints, price: Ints, start: Ints) -> Sequence[str]:
    campaign = plan.menu.campaign
    ends = np.full(len(person), plan.menu.ended_at + campaign.window_us())
    if offer.expires_hours is not None:
        ends = np.minimum(ends, start + round(offer.expires_hours * HOUR))
    text = {language: offer.text(language, campaign.currency) for language in LANGUAGES}
    head = f',"offer":{_json({"name": offer.name, "kind": offer.kind, "text": text})[:-1]},"expires_at":'
    left = price - offer.cost_minor(price)
    shown = plan.goods.priced[person] & (offer.kind in ("discount", "no_threshold"))
    prices = [f',"offer_price_minor":{after}' if show else "" for after, show in zip(left.tolist(), shown, strict=True)]
    costs = plan.offer_cost[person].tolist()
    return [
        f'{head}{end},"expected_cost_micro":{cost}{price_text}}}'
        for end, cost, price_text in zip(ends.tolist(), costs, prices, strict=True)
    ]


def _digits(values: Ints) -> pa.Array:
    return pc.cast(pa.array(values), pa.string())


def _spread(where: Bools, part: pa.Array) -> pa.Array:
    """(rows,) the part's texts where `where`, '' elsewhere."""
    index = np.cumsum(where) - 1
    return part.take(pa.array(index, mask=~where)).fill_null("")


def _join(*parts: pa.Array | pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
