"""Under which names and addresses the people of a world are known, and what they agreed to be sent.

A person has one real identity; what reaches the shop of it depends on where they watch: a logged-in visitor of the
mini-program has a userId, a WeCom viewer an external_userid, a Douyin viewer only an openid, some are not known at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.kit.ids import short_hash
from huitou.proving.simulator import names
from huitou.proving.simulator.response import Bools, Ints

SDK, ANONYMOUS, DOUYIN, WECOM = range(4)
WATCH_SHARES = (0.68, 0.08, 0.10, 0.14)
LISTED = (0.92, 0.0, 0.45, 0.90)  # share of each that stands in the shop's customer list
CONSENT_WAYS = ("miniprogram_signup", "h5_checkout", "store_form", "import")


@dataclass(frozen=True)
class Person:
    """One row of the shop's customer list, as far as the shop has it; empty text where it has not."""

    user_id: str
    name: str
    phone: str
    email: str
    openid: str
    unionid: str
    external_userid: str
    city: str
    timezone: str
    language: str
    birthday: str


@dataclass(frozen=True)
class Identities:
    """Everybody's identity, by row of People."""

    people: tuple[Person, ...]
    watches: Ints  # SDK, ANONYMOUS, DOUYIN or WECOM
    listed: Bools  # stands in the customer list
    h5: Bools  # uses the H5 shop, whose SDK speaks Segment's own event names
    consent_email: Bools
    consent_sms: Bools
    consent_push: Bools
    consent_days: Ints  # how many days before the broadcast the consent was given
    consent_way: Ints
    second_account: Bools  # also has an old H5 account with the same phone
    douyin_too: Bools  # an SDK viewer who also likes and comments on Douyin with a known openid

    def reach(self) -> NDArray[np.bool_]:
        """(n, 4) by e-mail, sms, push, wecom: listed, with an address, and agreed."""
        email = np.array([bool(one.email) for one in self.people])
        phone = np.array([bool(one.phone) for one in self.people])
        wecom = np.array([bool(one.external_userid) for one in self.people])
        columns = (email & self.consent_email, phone & self.consent_sms, self.consent_push, wecom)
        return np.stack([self.listed & column for column in columns], axis=1)


def draw_identities(n: int, rng: np.random.Generator) -> Identities:
    watches = rng.choice(4, size=n, p=WATCH_SHARES).astype(np.int64)
    listed = rng.random(n) < np.array(LISTED)[watches]
    dice = rng.random((n, 12))
    people = tuple(_draw_person(i, int(watches[i]), bool(listed[i]), dice[i]) for i in range(n))
    phone = np.array([bool(one.phone) for one in people])
    return Identities(
        people=people,
        watches=watches,
        listed=listed,
        h5=rng.random(n) < 0.2,
        consent_email=rng.random(n) < 0.84,
        consent_sms=rng.random(n) < 0.6,
        consent_push=(rng.random(n) < 0.35) & (watches == SDK),
        consent_days=rng.integers(20, 500, size=n),
        consent_way=rng.choice(len(CONSENT_WAYS), size=n, p=[0.5, 0.25, 0.1, 0.15]).astype(np.int64),
        second_account=(rng.random(n) < 0.004) & listed & (watches == SDK) & phone,
        douyin_too=(rng.random(n) < 0.12) & listed & (watches == SDK),
    )


def _draw_person(i: int, watches: int, listed: bool, dice: NDArray[np.float64]) -> Person:
    abroad = dice[0] < 0.012
    known = watches == SDK
    city = "London" if abroad else names.CITIES[int(dice[1] * len(names.CITIES))][0]
    return Person(
        user_id=f"u{i + 10_001}" if known or (watches == DOUYIN and listed) else "",
        name=_name(abroad, dice),
        phone="" if abroad or dice[4] >= 0.95 else f"199{i * 37 % 100_000_000:08d}",
        email=_email(i, dice) if dice[5] < 0.82 else "",
        openid=f"_000{short_hash('openid', str(i), size=9)}" if watches == DOUYIN or dice[6] < 0.3 else "",
        unionid=f"oU{short_hash('unionid', str(i), size=8)}" if known and dice[7] < 0.25 else "",
        external_userid=f"wm{short_hash('external', str(i), size=8)}" if watches == WECOM or dice[8] < 0.06 else "",
        city=city,
        timezone="Europe/London" if abroad else "Asia/Shanghai",
        language="en" if abroad else "zh-Hans",
        birthday=f"{1960 + int(dice[9] * 46)}-{1 + int(dice[10] * 12):02d}-{1 + int(dice[11] * 28):02d}"
        if dice[9] < 0.4
        else "",
    )


def _name(abroad: bool, dice: NDArray[np.float64]) -> str:
    if abroad:
        return names.ENGLISH_NAMES[int(dice[2] * len(names.ENGLISH_NAMES))]
    return names.SURNAMES[int(dice[2] * len(names.SURNAMES))] + names.GIVEN[int(dice[3] * len(names.GIVEN))]


def _email(i: int, dice: NDArray[np.float64]) -> str:
    surname = names.SURNAMES_LATIN[int(dice[2] * 1e6) % len(names.SURNAMES_LATIN)]
    return f"{surname}{i + 10_001}@{names.MAIL_DOMAINS[int(dice[3] * 1e6) % 3]}"
