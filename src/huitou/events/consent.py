"""Who permitted what on which channel: the proof book, and what holds now.

What holds is said once, in queries/ledger/rules/permission.sql (DESIGN §7, PIPL art. 15: withdrawing must be as easy as
giving); everybody who asks reads it from there (rules.py).

Who was asked and did not agree (否 under 是否同意) withdrew nothing: that permits nothing, and takes away nothing that the
person permitted elsewhere. Where the same column of the same source had said yes before, its no is a withdrawal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from huitou.events.fields import read_time
from huitou.events.model import Event
from huitou.events.purposes import IMPORT, MARKETING, read_purpose
from huitou.events.rules import EVER, load_ruled
from huitou.kit.clock import now_us
from huitou.stores.ledger import Connection, read_arrow
from huitou.stores.sql import load_query

if TYPE_CHECKING:
    import pyarrow as pa

ALL_CHANNELS = "*"

# What an event says of consent: granted, withdrawn or (None) not given, and how where the event does not tell.
SAYS: dict[str, tuple[bool | None, str]] = {
    "consent_given": (True, "event"),
    "consent_not_given": (None, IMPORT),
    "consent_withdrawn": (False, "event"),
    "unsubscribed": (False, "unsubscribed"),
    "message_complained": (False, "complaint"),
}


class Consent(NamedTuple):
    """One row of `consent`, in the columns' order; `granted` is None where it was not given, `asked` the list's column."""

    customer: str
    channel: str
    purpose: str
    granted: bool | None
    how: str
    proof: str
    occurred_at: int
    recorded_at: int
    source: str
    event_id: str
    asked: str = ""


def read_consents(event: Event, customer: str, recorded_at: int) -> Iterator[Consent]:
    """What the event says of consent, one for each channel. A sender's clock cannot date it into the future."""
    if event.name == "identified":
        said = event.traits.get("consents")
        for channel, word in (said or {}).items():
            yield _from_trait(event, customer, recorded_at, channel, word)
    elif event.name in SAYS:
        granted, how = SAYS[event.name]
        for channel in _channels(event):
            yield _row(event, customer, recorded_at, channel, granted, event.properties, how, event.occurred_at)


def add_consents(connection: Connection, consents: Sequence[Consent]) -> None:
    if consents:
        columns = dict(zip(Consent._fields, map(list, zip(*consents, strict=True)), strict=True))
        connection.execute(load_query("events", "ledger/add_consents"), columns)


FEW = 200  # people; for fewer the indexes are the shorter way


def permissions(
    connection: Connection,
    purpose: str = MARKETING,
    now: int | None = None,
    *,
    roots: Sequence[str] | None = None,
    channel: str | None = None,
) -> pa.Table:
    """(root, channel, granted, how, since) for each person and channel they ever spoke of, sorted by both.

    Channel '*' is a withdrawal from all of them; it is reflected in every channel's row, and a channel without a row
    of its own was never granted, asked for or not. What occurred after `now` is left out.
    """
    now = now_us() if now is None else now
    people = None if roots is None else list(roots)
    how = {"purpose": purpose, "now": now, "until": now, "roots": people, "channel": channel}
    with hashing(connection, people is None or len(people) > FEW):
        return read_arrow(connection, load_ruled("events", "ledger/permissions"), how)


@contextmanager
def hashing(connection: Connection, many: bool) -> Iterator[None]:
    """For many people, no join person by person: of tables that an import just filled the server believes they are small
    until it counts them, and then compares everybody with everybody (two minutes for 20,000 people instead of 0.2 s).
    """
    if many:
        connection.execute("SET enable_nestloop = off")
    yield
    if many:
        connection.execute("RESET enable_nestloop")


def holds(
    connection: Connection, roots: Sequence[str], channel: str, purpose: str = MARKETING, now: int | None = None
) -> set[str]:
    """Those of the people who permit messages on the channel."""
    table = permissions(connection, purpose, now, roots=roots, channel=channel)
    return {row["root"] for row in table.to_pylist() if row["granted"] and row["channel"] == channel}


def have_withdrawn(
    connection: Connection, customers: Sequence[str], channel: str, purpose: str = MARKETING, now: int | None = None
) -> set[str]:
    """Those of the customers (nodes, not people: merges are undone) whose own withdrawal stands."""
    now = now_us() if now is None else now
    how = {"customers": list(customers), "channel": channel, "purpose": purpose, "now": now, "until": EVER}
    return {row[0] for row in connection.execute(load_ruled("events", "ledger/have_withdrawn").encode(), how)}


def _from_trait(event: Event, customer: str, recorded_at: int, channel: str, word: Any) -> Consent:
    """A profile is told again and again: its event's time is not the grant's, which only occurred_at can say."""
    channel = channel.strip().lower() or ALL_CHANNELS
    said = {"granted": word} if isinstance(word, bool) else word
    at = read_time("occurred_at", said.get("occurred_at"))
    if at is not None:
        return _row(event, customer, recorded_at, channel, said["granted"], said, "event", at)
    if said["granted"]:
        evidence = " ".join(filter(None, (_text(said, "how"), _text(said, "proof"))))
        said = {**said, "how": IMPORT, "proof": evidence}
    return _row(event, customer, recorded_at, channel, said["granted"], said, IMPORT, event.occurred_at)


def _row(
    event: Event,
    customer: str,
    recorded_at: int,
    channel: str,
    granted: bool | None,
    said: dict[str, Any],
    how: str,
    at: int,
) -> Consent:
    proof = _text(said, "proof") or f"{event.source} {event.event_id}"
    purpose = read_purpose(said.get("purpose"), granted is not False)
    at = min(at, recorded_at)
    how = _text(said, "how") or how
    where = (event.source, event.event_id, _text(said, "column"))
    return Consent(customer, channel, purpose, granted, how, proof, at, recorded_at, *where)


def _channels(event: Event) -> list[str]:
    said = event.properties.get("channels", event.properties.get("channel"))
    listed = said if isinstance(said, list) else [said]
    channels = {channel.strip().lower() for channel in listed if isinstance(channel, str) and channel.strip()}
    # Who leaves without saying where leaves everywhere. (A grant without a channel does not pass segment.py.)
    return sorted(channels) or ([] if event.name in ("consent_given", "consent_not_given") else [ALL_CHANNELS])


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    return value.strip() if isinstance(value, str) else ""
