"""The tables this room keeps in the lake: what was decided, a row for each candidate and step; and what it was seen from.

`decisions`: nothing has one row of step 0; send has one row a message, steps counted from 1 as in the timing (a dropped
step leaves its number out); holdout has the rows that send would have had, which cost nothing and are never queued.
What holds for the whole plan repeats on its steps: action, reason (a code of reasons.py), propensity (the chance of the
plan, holdout included), expected_profit_minor, offer_cost (what the offer is expected to cost; 0 where none is given),
holdout_chance. `occasion` is what the campaign is about once; where that is a broadcast, `broadcast` is it too. `why`
says of each of the `products` why it stands there (products.py). `offer_price_minor` is what the offer leaves of the
first product's price, where that is known. Orders since `stop_since` stop the message; it means nothing after
`expires_at`. Money is DECIMAL(18, 6) minor units, which sums exactly in every engine.

The message's own data (names, title, prices, addresses) is joined when it is queued, and is not here.
"""

from __future__ import annotations

import pyarrow as pa

from huitou.stores.lake import LakeTable
from huitou.stores.personal import BLANK, KEEP, PERSON, THING

SEND, HOLDOUT, NONE = ACTIONS = ("send", "holdout", "nothing")
MONEY = pa.decimal128(18, 6)
_text, _int, _float = pa.string(), pa.int64(), pa.float64()

DECISIONS = LakeTable(
    "decisions",
    pa.schema(
        [
            ("decision_id", _text),
            ("campaign", _text),
            ("campaign_version", _int),
            ("occasion", _text),
            ("broadcast", _text),
            ("customer", _text),
            ("user_id", _text),
            ("decided_at", _int),
            ("action", _text),
            ("reason", _text),
            ("policy", _text),
            ("policy_version", _text),
            ("timing", _text),
            ("step", _int),
            ("send_at", _int),
            ("channel", _text),
            ("offer", _text),
            ("products", pa.list_(_text)),
            ("why", pa.list_(_text)),
            ("propensity", _float),
            ("expected_profit_minor", MONEY),
            ("cost_minor", MONEY),
            ("offer_cost", MONEY),
            ("offer_price_minor", _int),
            ("offer_expires_at", _int),
            ("intent", _text),
            ("stage", _text),
            ("language", _text),
            ("timezone", _text),
            ("holdout_chance", _float),
            ("dropped_steps", pa.list_(_int)),
            ("dropped_reasons", pa.list_(_text)),
            ("stop_since", _int),
            ("expires_at", _int),
            ("features_hash", _text),
            ("seed", _text),
        ]
    ),
    stats=("broadcast", "campaign", "decided_at"),
    personal={
        "decision_id": PERSON,
        "customer": PERSON,
        "user_id": PERSON,
        "reason": THING,
        "why": THING,
        "stage": THING,
        "language": THING,
        "timezone": THING,
        "intent": THING,
        "dropped_reasons": THING,
        "dropped_steps": THING,
        "occasion": THING,
    },
    erased_by=BLANK,
)

# One row a candidate and run; what held for the whole run repeats on its rows. Not among the statistics: anything of a person.
DECISION_FEATURES = LakeTable(
    "decision_features",
    pa.schema(
        [
            ("campaign", _text),
            ("campaign_version", _int),
            ("occasion", _text),
            ("run", _int),
            ("decided_at", _int),
            ("started_at", _int),
            ("ended_at", _int),
            # Who it is and what they did: in this broadcast up to products_seen, then in the whole past.
            ("customer", _text),
            ("user_id", _text),
            ("left_at", _int),
            ("watch_seconds", _int),
            ("comments", _int),
            ("questions", _int),
            ("likes", _int),
            ("clicks", _int),
            ("carts", _int),
            ("products_seen", _int),
            ("orders", _int),
            ("last_order_at", _int),
            ("average_minor", _int),
            ("active_hour", _int),
            ("broadcasts", _int),
            ("lifecycle", _text),
            ("rfm", _text),
            ("language", _text),
            ("timezone", _text),
            ("asked", _int),  # questions, or products asked for where that is more
            ("ordered_at", _int),  # the latest order by portrait or ledger
            ("unfollowed_at", _int),
            ("complained_at", _int),
            ("contacts", pa.list_(_int)),  # moments of messages sent and planned, that count in the caps
            ("nodes", pa.list_(_text)),  # the identity nodes that draw for the holdout
            ("channels", pa.list_(_text)),
            ("channel_states", pa.list_(_text)),  # eligibility.STATES, one for each channel
            # What they would be reminded of, and the money.
            ("products", pa.list_(_text)),
            ("why", pa.list_(_text)),
            ("price_minor", _int),
            ("margin_minor", _int),
            ("priced", pa.bool_()),
            ("sold_out", pa.bool_()),
            ("offers_left_micro", _int),
            ("messages_left_micro", _int),
            ("limited_offers", pa.list_(_text)),
            ("stock_left", pa.list_(_int)),
        ]
    ),
    stats=("campaign", "decided_at"),
    personal={
        "customer": PERSON,
        "user_id": PERSON,
        "nodes": PERSON,
        "occasion": THING,
        "language": THING,
        "timezone": THING,
        "channels": THING,
        "channel_states": THING,
        "why": THING,
        "limited_offers": THING,
        "contacts": THING,
        "stock_left": THING,
    },
    erased_by=BLANK,
)

POLICY_MODELS = LakeTable(
    "policy_models",
    pa.schema(
        [
            ("policy", _text),
            ("version", _int),
            ("learned_from", _int),
            ("learned_to", _int),
            ("decisions", _int),
            ("score", _float),
            ("learned_at", _int),
            ("content", pa.binary()),
        ]
    ),
    stats=("policy", "version"),
    personal={"content": THING},
    erased_by=KEEP,
)
