"""Small worlds and the terms of a small campaign, shared by the simulator's tests."""

from __future__ import annotations

from huitou.proving.simulator.plans import CampaignTerms, read_terms

CAMPAIGN = """
[budget]
offers_minor = 500000
messages_minor = 100000
[quiet]
from = "22:00"
to = "08:00"
[[timing]]
name = "at_once"
hours = [0.5]
[[timing]]
name = "next_day"
hours = [24]
[[timing]]
name = "active_hour"
active = 1
[[timing]]
name = "daily_3"
hours = [24, 48, 72]
[[timing]]
name = "every_3_days"
hours = [48, 120]
[[channel]]
name = "push"
cost_minor = 0.2
[[channel]]
name = "sms"
cost_minor = 5
[[channel]]
name = "email"
cost_minor = 0.1
[[channel]]
name = "wecom"
cost_minor = 0
[[offer]]
name = "none"
[[offer]]
name = "ten"
kind = "discount"
rate = 0.10
expires_hours = 72
[[offer]]
name = "twenty"
kind = "discount"
rate = 0.20
expires_hours = 24
"""


def campaign() -> CampaignTerms:
    return read_terms(CAMPAIGN)
