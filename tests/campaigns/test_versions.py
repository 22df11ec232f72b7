"""Campaign versions in the ledger."""

from __future__ import annotations

from types import ModuleType

import pytest

from huitou.campaigns.versions import list_campaigns, load_campaign, next_version, save_version, set_state
from huitou.kit.clock import FrozenClock
from huitou.kit.errors import NotFound, Refused


def test_every_change_is_a_version_and_the_newest_is_in_force(ledger: ModuleType, clock: FrozenClock) -> None:
    first, second = 'name = "spring"\n', 'name = "spring"\nholdout = 0.2\nautomatic = true\n'
    with ledger.transaction() as connection:
        assert save_version(connection, first, by="lin").version == 1
        assert save_version(connection, first).version == 1
        assert save_version(connection, second).version == 2
        assert load_campaign(connection, "spring").holdout == 0.2
        assert load_campaign(connection, "spring", 1).holdout == 0.1
        assert list_campaigns(connection) == [("spring", 2, "active", True)]


def test_a_dry_run_has_the_version_that_would_be_saved(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        for text in ('name = "spring"\n', 'name = "spring"\n', 'name = "spring"\nholdout = 0.2\n'):
            looked_at = next_version(connection, text)
            assert looked_at == next_version(connection, text)
            assert looked_at == save_version(connection, text)


def test_a_paused_campaign_stays_paused_when_it_is_edited(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        save_version(connection, 'name = "spring"\n')
        set_state(connection, "spring", "paused")
        assert save_version(connection, 'name = "spring"\nholdout = 0.3\n').state == "paused"
        set_state(connection, "spring", "active")
        assert load_campaign(connection, "spring").state == "active"


def test_what_is_not_there_is_said(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        save_version(connection, 'name = "spring"\n')
        with pytest.raises(NotFound, match="there are: spring"):
            load_campaign(connection, "sping")
        with pytest.raises(NotFound):
            set_state(connection, "sping", "paused")
        with pytest.raises(Refused, match="there is no state stopped"):
            set_state(connection, "spring", "stopped")
