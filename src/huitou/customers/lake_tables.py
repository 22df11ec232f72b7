"""The tables this room keeps in the lake: visits, what each visitor did with each product, portraits.

`*_at` are epoch microseconds, `*_minor` integer minor units of `currency`. Statistics are kept of broadcasts and
times only: nothing that names a person outlives an erasure in the log.
"""

from __future__ import annotations

import pyarrow as pa

from huitou.stores.lake import LakeTable
from huitou.stores.personal import DELETE, PERSON, SAID

_text, _int, _bool = pa.string(), pa.int64(), pa.bool_()

VISITS = LakeTable(
    "visits",
    pa.schema(
        [
            ("broadcast", _text),
            ("customer", _text),
            ("user_id", _text),
            ("entered_at", _int),
            ("left_at", _int),
            ("last_seen_at", _int),
            ("enters", _int),
            ("watch_seconds", _int),
            ("comments", _int),
            ("questions", _int),
            ("likes", _int),
            ("gifts", _int),
            ("gift_minor", _int),
            ("follows", _int),
            ("unfollows", _int),
            ("shares", _int),
            ("clicks", _int),
            ("carts", _int),
            ("products_seen", _int),
            ("top_product", _text),
            ("ordered", _bool),
            ("ordered_at", _int),
            ("order_minor", _int),
            ("currency", _text),
            ("orders", _int),
            ("other_orders", _int),
            ("bought_products", _int),
        ]
    ),
    stats=("broadcast",),
    personal={"customer": PERSON, "user_id": PERSON},
    erased_by=DELETE,
)

VISIT_PRODUCTS = LakeTable(
    "visit_products",
    pa.schema(
        [
            ("broadcast", _text),
            ("customer", _text),
            ("product", _text),
            ("seen_seconds", _int),
            ("clicks", _int),
            ("carts", _int),
            ("asked", _int),
            ("ordered", _bool),
            ("ordered_at", _int),
        ]
    ),
    stats=("broadcast",),
    personal={"customer": PERSON},
    erased_by=DELETE,
)

PORTRAITS = LakeTable(
    "portraits",
    pa.schema(
        [
            ("customer", _text),
            ("computed_at", _int),
            ("identities", _int),
            ("first_seen_at", _int),
            ("last_seen_at", _int),
            ("orders", _int),
            ("first_order_at", _int),
            ("last_order_at", _int),
            ("recency_days", _int),
            ("last_gap_days", _int),
            ("currency", _text),
            ("spent_minor", _int),
            ("average_minor", _int),
            ("refunds", _int),
            ("refunded_minor", _int),
            ("rfm", _text),
            ("rfm_grade", _text),
            ("lifecycle", _text),
            ("quiet_days", _int),
            ("broadcasts", _int),
            ("broadcasts_ordered", _int),
            ("watch_seconds", _int),
            ("comments", _int),
            ("questions", _int),
            ("likes", _int),
            ("gifts", _int),
            ("shares", _int),
            ("clicks", _int),
            ("carts", _int),
            ("last_visit_at", _int),
            ("active_hour", _int),
            ("active_hours", _text),
            ("favourite_category", _text),
            ("favourite_product", _text),
            ("price_band", _text),
            ("email_permission", _bool),
            ("sms_permission", _bool),
            ("push_permission", _bool),
            ("wecom_permission", _bool),
            ("email_address", _bool),
            ("sms_address", _bool),
            ("push_address", _bool),
            ("wecom_address", _bool),
            ("tags", _text),
        ]
    ),
    stats=("computed_at",),
    personal={"customer": PERSON, "tags": SAID},
    erased_by=DELETE,
)
