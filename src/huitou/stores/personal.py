"""What of a table tells of a person, and what becomes of it when that person is erased (promise 8).

Every ledger table says so in its model, every lake table in its LakeTable: `personal` names the columns, each with what
it holds, `erased_by` what is done with a person's rows. Numbers tell of nobody; of text and bytes each column is either
named there or has a name that stands for things alone (IMPERSONAL). tests/stores/test_personal.py refuses all else.
"""

from __future__ import annotations

PERSON = "person"  # an id: the person is found by it, or it by the person
ADDRESS = "address"  # where somebody can be written to or called
NAME = "name"
SAID = "said"  # free text, or a document: may hold any of the above
THING = "thing"  # names no person, though a column of that name could
STAFF = "staff"  # one of ours: no customer's erasure touches it

DELETE = "delete"  # the row goes
BLANK = "blank"  # the personal columns are emptied; what was counted stays
HASH = "hash"  # the address is kept as a hash alone, so that nothing is sent there again
KEEP = "keep"  # no customer in it

HOLDS = frozenset({PERSON, ADDRESS, NAME, SAID, THING, STAFF})
WAYS = frozenset({DELETE, BLANK, HASH, KEEP})

# Names of columns that never tell of a person, in whatever table they stand.
IMPERSONAL = frozenset({
    "action", "active_hours", "asked", "broadcast", "campaign", "channel", "class", "currency", "favourite_category",
    "favourite_product", "features_hash", "how", "kind", "lifecycle", "occurrence", "offer", "outcome", "policy",
    "policy_version", "price_band", "product", "products", "purpose", "refused", "rfm", "rfm_grade", "room",
    "rule", "seed", "shop", "source", "state", "status", "timing", "top_product", "touchpoint", "type",
})  # fmt: skip
