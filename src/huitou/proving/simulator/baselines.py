"""What a shop does without the product: nothing, an operator's rules, a blast at those most likely to buy.

They see what a shop sees (`observed`), send on the first channel of the campaign that reaches the person, and heed
quiet hours but no budget; what that costs is in their profit.
"""

from __future__ import annotations

import numpy as np

from huitou.proving.simulator.plans import CHANNELS, Arm, CampaignTerms, Plans, arm_plans
from huitou.proving.simulator.response import Ints, Viewers
from huitou.proving.simulator.world import observed_heat, pick_plans

HOTTEST = 0.30


def is_baseline(policy: str) -> bool:
    return policy.partition(":")[0] in ("nothing", "operator", "propensity")


def plan_baseline(policy: str, campaign: CampaignTerms, viewers: Viewers) -> Plans:
    """`nothing`, `operator` or `propensity[:TIMING[:OFFER]]`; ValueError where the campaign lacks what it names."""
    kind, _, rest = policy.partition(":")
    n = len(viewers)
    if kind == "nothing":
        return Plans.nothing(n)
    if kind == "operator":
        return _send(
            campaign, viewers, ["at_once/ten", "next_day/none", "every_3_days/none"], _operators_choice(viewers)
        )
    timing, _, offer = rest.partition(":")
    heat = observed_heat(viewers)
    hot = heat >= np.quantile(heat, 1 - HOTTEST)
    return _send(campaign, viewers, [f"{timing or 'next_day'}/{offer or 'none'}"], np.where(hot, 0, -1))


def _operators_choice(viewers: Viewers) -> Ints:
    """A cart: at once, with ten percent off. Bought before: the next day. The rest: later."""
    cart = viewers.observed["cart"].astype(np.bool_)
    bought = viewers.observed["orders_before"].astype(np.int64) > 0
    return np.where(cart, 0, np.where(bought, 1, 2)).astype(np.int64)


def _send(campaign: CampaignTerms, viewers: Viewers, wanted: list[str], choice: Ints) -> Plans:
    """Plan `wanted[choice]` (timing/offer) for everybody, -1 for none, each on the first channel that reaches them."""
    channels = [CHANNELS.index(name) for name in campaign.channels]
    reach = viewers.reach[:, channels]
    first = np.argmax(reach, axis=1)
    plans = [
        one_plan(campaign, viewers, timing, channel, offer)
        for timing, offer in (name.split("/") for name in wanted)
        for channel in campaign.channels
    ]
    column = choice * len(channels) + first + 1
    return pick_plans(plans, np.where((choice >= 0) & reach.any(axis=1), column, 0), len(viewers))


def one_plan(campaign: CampaignTerms, viewers: Viewers, timing: str, channel: str, offer: str) -> Plans:
    if timing not in {one.name for one in campaign.timings}:
        raise ValueError(f"no timing {timing!r}; there are {', '.join(one.name for one in campaign.timings)}")
    usual = viewers.observed["usual_hour"].astype(np.float64)
    campaign.terms.number(offer)
    return arm_plans(campaign, Arm(timing, channel, offer), viewers.ended_at, viewers.clock_at_end, usual)


def every_plan(campaign: CampaignTerms, viewers: Viewers) -> list[Plans]:
    """All arms of the campaign: what the oracle chooses from."""
    return [one_plan(campaign, viewers, arm.timing, arm.channel, arm.offer) for arm in campaign.arms()]
