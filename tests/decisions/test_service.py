"""Who may get a service message: everybody with an address who did not leave service messages, nor complained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from huitou.decisions.eligibility import check_eligibility
from huitou.decisions.people import gather_people

from .show import ENDED, STARTED, campaign, inputs, person

LEFT = [{"customer": "c1", "channel": "*", "granted": False}]


@pytest.mark.parametrize(
    ("tables", "marketing", "service"),
    [
        ({}, "", ""),
        ({"permissions": []}, "no_consent", ""),
        ({"permissions": LEFT}, "opted_out", "opted_out"),
        ({"stops": [{"customer": "c1", "kind": "order", "occurred_at": STARTED}]}, "ordered", ""),
        ({"stops": [{"customer": "c1", "kind": "unfollow", "occurred_at": STARTED}]}, "unfollowed", ""),
        ({"stops": [{"customer": "c1", "kind": "complaint", "occurred_at": ENDED}]}, "complained", "complained"),
        ({"addresses": []}, "no_address", "no_address"),
    ],
)
def test_what_keeps_from_writing(tables: dict[str, Any], marketing: str, service: str) -> None:
    """`permissions` are those given for the campaign's purpose."""
    given = inputs([person("c1")], **tables)
    chosen = campaign()
    for purpose, reason in (("marketing", marketing), ("service", service)):
        one = replace(chosen, purpose=purpose)
        eligible = check_eligibility(given, gather_people(given, one), one)
        assert (purpose, list(eligible.reason)) == (purpose, [reason])
        assert eligible.reach.any() == (reason == "")
