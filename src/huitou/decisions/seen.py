"""What a plan is made from once it is looked up: who the candidates are, what each could be reminded of, where each can be
reached, and the money that is left."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.decisions.assign import drawing_nodes
from huitou.decisions.budget import Remaining, remaining_budget
from huitou.decisions.eligibility import Eligibility, check_eligibility
from huitou.decisions.inputs import Inputs
from huitou.decisions.people import People, gather_people
from huitou.decisions.products import ProductChoice, choose_products
from huitou.kit.clock import MINUTE


@dataclass(frozen=True)
class Seen:
    """Everything that decides, besides the campaign. `nodes` (n,) are lists of those that each person draws by."""

    broadcast: Broadcast
    decided_at: int
    people: People
    products: ProductChoice
    eligibility: Eligibility
    nodes: pa.Array
    remaining: Remaining

    @property
    def ended_at(self) -> int:
        return self.broadcast.ended_at or self.broadcast.last_event_at


def gather(inputs: Inputs, campaign: Campaign, now: int) -> Seen:
    people = gather_people(inputs, campaign)
    return Seen(
        inputs.broadcast,
        now // MINUTE * MINUTE,
        people,
        choose_products(inputs, people, campaign),
        check_eligibility(inputs, people, campaign),
        drawing_nodes(inputs, people),
        remaining_budget(campaign, inputs.existing),
    )
