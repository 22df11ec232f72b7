"""One person as the house knows them: portrait, tags in words, latest visits, latest events. For people to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from huitou.customers.lifecycle import STAGES, LifecycleStage
from huitou.customers.rfm import BY_RFM, RfmCell
from huitou.customers.tags import tag_name, tags_of
from huitou.events.fields import read_id
from huitou.events.model import STRONG, WEAK
from huitou.events.people import read_email, read_phone
from huitou.kit import clock
from huitou.kit.errors import NotFound, Refused, Rejected
from huitou.kit.text import Text
from huitou.stores import ledger
from huitou.stores.engine import Engine
from huitou.stores.sql import load_query

EVENTS, VISITS = 100, 20  # the latest; a page's worth


@dataclass(frozen=True)
class Profile:
    """`person` and `portrait` are rows of `customers` and `portraits`; lists begin with the latest."""

    customer: str
    person: dict[str, Any]
    portrait: dict[str, Any]
    tags: list[tuple[str, Text]]
    cell: RfmCell | None
    stage: LifecycleStage | None
    visits: list[dict[str, Any]]
    events: list[dict[str, Any]]


def portrait_of(engine: Engine, who: str, now: int | None = None, *, events: int = EVENTS) -> Profile:
    """The profile of a customer id (also one that a merge has absorbed) or of any identifier: phone, email, openid…

    The engine must have `events`, `customers`, `merges`, `visits`, `portraits`. NotFound where nobody is known by it
    or no portrait was made yet; Refused where several people are.
    """
    now, who = clock.now_us() if now is None else now, who.strip()
    rows = _portrait(engine, who) or _portrait(engine, find_customer(who))
    if not rows:
        raise NotFound(
            {
                "zh": f"{who} 是已知客户，但还没有画像：请先刷新画像。",
                "en": f"{who} is known, but there is no portrait yet: refresh the portraits first",
            }
        )
    portrait = rows[0]
    customer = portrait["customer"]
    people = engine.run("customers", "person", customer=customer).to_pylist()
    return Profile(
        customer=customer,
        person=people[0] if people else {},
        portrait=portrait,
        tags=[(tag, tag_name(tag)) for tag in tags_of(portrait)],
        cell=BY_RFM.get(portrait["rfm"] or ""),
        stage=next((stage for stage in STAGES if stage.stage == portrait["lifecycle"]), None),
        visits=engine.run("customers", "last_visits", customer=customer, most=VISITS).to_pylist(),
        events=engine.run("customers", "timeline", customer=customer, most=events, now=now).to_pylist(),
    )


def find_customer(identifier: str) -> str:
    """Today's customer of an identifier, written as people write it ('138 0000 0000' finds +8613800000000).

    NotFound where nobody has it, Refused where it means several people (a member id and an openid alike).
    """
    forms = {form for form in (_as_id(identifier), read_phone(identifier), read_email(identifier)) if form}
    with ledger.transaction() as connection:
        found = connection.execute(
            load_query("customers", "ledger/find_by_identifier"),
            {"kinds": [*STRONG, *WEAK], "values": sorted(forms)},
        ).fetchall()
    if not found:
        raise NotFound({"zh": f"没有客户 {identifier}。", "en": f"there is no customer {identifier}"})
    if len(found) > 1:
        ids = ", ".join(row[0] for row in found)
        raise Refused(
            {
                "zh": f"{identifier} 对应多位客户：{ids}。请用客户编号。",
                "en": f"{identifier} means several customers: {ids}; use the customer's id",
            }
        )
    return str(found[0][0])


def _portrait(engine: Engine, customer: str) -> list[dict[str, Any]]:
    return list(engine.run("customers", "portrait", customer=customer).to_pylist())


def _as_id(text: str) -> str | None:
    try:
        return read_id("who", text)
    except Rejected:
        return None
