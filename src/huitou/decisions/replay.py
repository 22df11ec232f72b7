"""A run's decisions made anew from what it saw: for audits, and to ask what another policy would have done."""

from __future__ import annotations

import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.decisions.features import read_features
from huitou.decisions.learning import Model
from huitou.decisions.plan import make_plan
from huitou.decisions.policies.base import Policy
from huitou.decisions.rows import write_rows


def replay(features: pa.Table, campaign: Campaign, policy: Policy, evidence: Model | None = None) -> pa.Table:
    """The decision rows of one run (rows of `decision_features` that share campaign, occasion and run), under the
    campaign's version and the policy that decided; to the byte what was written then."""
    seen = read_features(features, campaign)
    return write_rows(make_plan(seen, campaign, policy, evidence), campaign, seen.broadcast, policy)
