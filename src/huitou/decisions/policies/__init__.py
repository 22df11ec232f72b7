"""Policies by name: rules, random, blast. 'auto' is the best there is for the data there are: today the rules."""

from __future__ import annotations

from huitou.campaigns.definition import Campaign
from huitou.decisions.policies.base import Policy
from huitou.decisions.policies.blast import read_blast
from huitou.decisions.policies.random import Random
from huitou.decisions.policies.rules import Rules
from huitou.kit.errors import Refused


def find_policy(campaign: Campaign) -> Policy:
    """The policy that the campaign asks for; Refused where there is none of that name or version."""
    wanted, _, version = campaign.policy.partition("@")
    policy = _by_name(wanted, campaign)
    if version and version != policy.version:
        raise _refused(
            f"策略 {policy.name} 没有版本 {version}，现在是 {policy.version}。",
            f"the policy {policy.name} has no version {version}; it is at {policy.version}",
        )
    return policy


def _by_name(wanted: str, campaign: Campaign) -> Policy:
    if wanted in ("auto", "rules"):
        return Rules()
    if wanted == "random":
        return Random()
    if wanted.split(":", maxsplit=1)[0] == "blast":
        try:
            return read_blast(wanted, campaign)
        except ValueError as error:
            raise _refused(f"群发策略里没有 {error}。", f"blast: there is no {error}") from None
    raise _refused(
        f"策略 {wanted} 还不能用：可以写 auto、rules、random、blast。",
        f"the policy {wanted} cannot be used yet; there are auto, rules, random, blast",
    )


def _refused(zh: str, en: str) -> Refused:
    return Refused({"zh": zh, "en": en}, code="policy")
