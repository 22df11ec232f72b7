"""The table this room keeps in the lake: one decision per candidate and step.

holdout and nothing have one row of step 0, send has one row per message, steps counted from 1 as in the timing
(a dropped step leaves its number out). `reason` is a code of reasons.py; `context` is JSON text: what the templates
need and the facts behind the reason. Money is DECIMAL(18, 6) minor units, which sums exactly in every engine;
`cost_minor` is the price of sending this message; `propensity` is the chance of the whole plan, holdout included.
"""

from __future__ import annotations

import pyarrow as pa

from huitou.stores.lake import LakeTable
from huitou.stores.personal import BLANK, PERSON, SAID, THING

MONEY = pa.decimal128(18, 6)

DECISIONS = LakeTable(
    "decisions",
    pa.schema(
        [
            ("decision_id", pa.string()),
            ("campaign", pa.string()),
            ("broadcast", pa.string()),
            ("customer", pa.string()),
            ("user_id", pa.string()),
            ("decided_at", pa.int64()),
            ("action", pa.string()),
            ("reason", pa.string()),
            ("policy", pa.string()),
            ("policy_version", pa.string()),
            ("timing", pa.string()),
            ("step", pa.int64()),
            ("send_at", pa.int64()),
            ("channel", pa.string()),
            ("offer", pa.string()),
            ("products", pa.list_(pa.string())),
            ("propensity", pa.float64()),
            ("expected_profit_minor", MONEY),
            ("cost_minor", MONEY),
            ("features_hash", pa.string()),
            ("seed", pa.string()),
            ("context", pa.string()),
        ]
    ),
    stats=("broadcast", "campaign", "decided_at"),
    personal={"decision_id": PERSON, "customer": PERSON, "user_id": PERSON, "reason": THING, "context": SAID},
    erased_by=BLANK,
)
