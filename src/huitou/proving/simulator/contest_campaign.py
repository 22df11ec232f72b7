"""The campaign of a contest: six timings, three channels, three offers, money for both; written as a campaign file."""

from __future__ import annotations

OFFERS_MINOR, MESSAGES_MINOR = 25, 5  # for each viewer: 500,000 and 100,000 for twenty thousand
WORDS = {
    "push": 'body = "{{ product.name }}{% if offer %} {{ offer.text }}{% endif %}"',
    "sms": 'body = "{{ product.name }}{% if offer %} {{ offer.text }}{% endif %} {{ link }}"',
    "email": 'subject = "{{ product.name }}"\nbody = "<p>{{ product.name }} {{ link }} {{ unsubscribe }}</p>"',
}
ANYTHING_FOR_ANYBODY = "".join(
    f"[intents.{intent}]\nreminders = 3\nevery_hours = 24\n" for intent in ("high", "considering", "drifting")
)
ARMS = """
[caps]
per_days = [[1, 1], [7, 3]]
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
name = "every_other_day"
hours = [24, 72]
[[timing]]
name = "every_3_days"
hours = [48, 120]
[[channel]]
name = "email"
cost_minor = 0.1
[[channel]]
name = "push"
cost_minor = 0.2
[[channel]]
name = "sms"
cost_minor = 5
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


def write_campaign(policy: str, viewers: int, name: str, holdout: float = 0.0, explore: float = 0.0) -> str:
    """TOML for `huitou plan --campaign`. What is not named is the product's default, so are intents and reminders; for
    a blast they let everybody have every timing, or it would be none."""
    head = f"""name = "{name}"
kind = "follow_up"
goal = "order"
window_hours = 168
holdout = {holdout}
explore = {explore}
policy = "{policy}"
margin = 0.30
opt_out_cost_minor = 1000
currency = "CNY"
timezone = "Asia/Shanghai"
[budget]
offers_minor = {OFFERS_MINOR * viewers}
messages_minor = {MESSAGES_MINOR * viewers}
"""
    words = "".join(f"[content.{channel}.zh]\n{text}\n" for channel, text in WORDS.items())
    return head + ARMS + (ANYTHING_FOR_ANYBODY if policy.startswith("blast") else "") + words
