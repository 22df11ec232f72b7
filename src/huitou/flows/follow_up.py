"""The follow-up from end to end: plan, put into the outbox, send what is due, report."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.campaigns.reading import default_text
from huitou.campaigns.versions import list_campaigns, load_campaign, next_version, save_version, set_state
from huitou.catalog.broadcasts import Broadcast, find_broadcast, list_broadcasts
from huitou.decisions.decide import decide, warn_unsettled
from huitou.decisions.reach import Reach, reach
from huitou.delivery.breaker import note_resumed
from huitou.delivery.cancel import cancel_follow_up, count_queued
from huitou.delivery.contexts import Told
from huitou.delivery.outbox import enqueue
from huitou.delivery.send import Progress as SendProgress
from huitou.delivery.send import SendResult, send_due
from huitou.delivery.unlinked import count_unlinked
from huitou.events.broadcast_acts import ids_of
from huitou.flows.heartbeat import SENDING, beat
from huitou.flows.readiness import Finding, check_start
from huitou.flows.refresh import Progress, absorb, catch_up
from huitou.flows.starting import Prospect, hold, refuse_unready, release_all_but
from huitou.flows.tables import open_tables
from huitou.flows.telling import tell
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.text import Text
from huitou.measurement.report import Report, make_report
from huitou.stores.engine import Engine
from huitou.stores.ledger import read_arrow, transaction

DEFAULT = "follow-up"  # the shipped campaign's name
REMEMBERED = 60 * clock.DAY  # caps reach no further back
# What became of what was queued, for the caps of the next plan: null for what will never go, and for
# service messages, which no cap counts. And what other tools brought.
WENT = """
SELECT decision, customer,
       CASE WHEN state IN ('suppressed', 'expired', 'failed') OR purpose = 'service' THEN NULL ELSE coalesce(final_at, send_at) END AS contact_at
FROM message WHERE greatest(send_at, coalesce(final_at, 0)) > %(since)s
UNION ALL
SELECT '' AS decision, customer, occurred_at AS contact_at
FROM contact k WHERE occurred_at > %(since)s AND NOT EXISTS (SELECT FROM message m WHERE m.id = k.message)
"""
QUEUED = "SELECT decision FROM message WHERE campaign = %s AND occurrence = ANY(%s)"


@dataclass(frozen=True)
class Planned:
    """All decisions of a campaign and broadcast; how many of its messages are newly queued; a warning, or None; how
    many of the products its messages name have no address to lead to; the decisions that are new, and what the messages
    to be queued say besides them."""

    broadcast: str
    campaign: Campaign
    decisions: pa.Table
    queued: int
    warning: Text | None
    unlinked: int
    new: pa.Table
    told: Told


def choose_campaign(file: Path | None = None, name: str | None = None, *, keep: bool = True) -> Campaign:
    """The campaign of a file, of a name, the only one there is, or the shipped follow-up.

    A file, or the shipped one at first use, becomes the campaign's next version; not so without `keep`.
    """
    take = save_version if keep else next_version
    with transaction() as connection:
        if file is not None:
            return take(connection, read_text(file))
        if name is not None:
            return load_campaign(connection, name)
        known = [found for found, *_ in list_campaigns(connection)]
        if len(known) == 1 or DEFAULT in known:
            return load_campaign(connection, known[0] if len(known) == 1 else DEFAULT)
        return take(connection, default_text())


def read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused({"zh": f"读不了 {file}：{error}", "en": f"cannot read {file}: {error}"}) from error


def plan_follow_up(
    broadcast: str, campaign: Campaign, *, dry_run: bool = False, progress: Progress | None = None
) -> Planned:
    """Decide for every candidate that has no decision yet, keep the decisions, queue their messages.

    Decisions are kept before messages are queued; where the process dies between them the next plan queues what is
    missing. With `dry_run` nothing is kept. Refused while the broadcast is live and, unless it is a dry run, when the
    campaign's window is over.
    """
    began_at = clock.now_us()
    catch_up(progress)
    now = clock.now_us()
    if progress:
        progress("plan")
    with open_tables() as engine:
        show = find_broadcast(engine, broadcast)
        if not dry_run:
            refuse_over(show, campaign, now)
        with transaction() as connection:
            went = read_arrow(connection, WENT, {"since": now - REMEMBERED})
        decided = decide(broadcast, campaign, now, dry_run=dry_run, went=went)
        sends = decided.new if dry_run else _not_queued(decided.all, broadcast, campaign)
        features = decided.features if sends.num_rows <= decided.new.num_rows else None
        told = tell(engine, show, sends, features, now)
    unlinked = count_unlinked(sends, campaign, told.products)
    planned = Planned(broadcast, campaign, decided.all, 0, warn_unsettled(show, now), unlinked, decided.new, told)
    if dry_run or not sends.num_rows:
        return planned
    if progress:
        progress("queue")
    with transaction() as connection:
        return replace(planned, queued=enqueue(connection, sends, campaign, told, began_at))


def _not_queued(decisions: pa.Table, broadcast: str, campaign: Campaign) -> pa.Table:
    """Of the decisions those to be sent that are in no outbox yet: the new ones, and those of a run that died on the way."""
    with transaction() as connection:
        queued = read_arrow(connection, QUEUED, (campaign.name, ids_of(broadcast)))
    sends = decisions.filter(pc.equal(decisions.column("action"), "send"))
    known = queued.column("decision").cast(pa.string()).combine_chunks()
    return sends.filter(pc.invert(pc.is_in(sends.column("decision_id"), value_set=known)))


def find_show(broadcast: str) -> Broadcast:
    """The broadcast of that id, as known now. NotFound where no event names it."""
    catch_up()
    with open_tables() as engine:
        return find_broadcast(engine, broadcast)


def refuse_over(broadcast: Broadcast, campaign: Campaign, now: int) -> None:
    """Decisions are for good: taken after the window, they would say "too late" of everybody and nothing else."""
    if broadcast.ended_at is None or now < (ends_at := broadcast.ended_at + campaign.window_us()):
        return
    ended = f"{clock.to_datetime(ends_at, campaign.timezone):%Y-%m-%d %H:%M}"
    raise Refused(
        {
            "zh": f"场次 {broadcast.broadcast} 的活动期已于 {ended} 结束，不能再做未下单召回。",
            "en": f"the campaign's window for {broadcast.broadcast} ended {ended}: it is too late to follow up",
        },
        code="window_over",
    )


def show_reach(broadcast: str, campaign: Campaign | None = None, progress: Progress | None = None) -> Reach:
    """Of N watchers, how many can be written to, by which channel, and why the rest cannot."""
    catch_up(progress)
    return reach(broadcast, campaign, clock.now_us())


def run_due(progress: SendProgress | None = None) -> SendResult:
    """Load what came in, so that orders and opt-outs count, then send what is due."""
    absorb()
    result = send_due(progress=progress)
    beat(SENDING)
    return result


def read_report(broadcast: str, campaign: Campaign | None = None) -> Report:
    """The report as of now; without a campaign the one the broadcast was planned with, else the shipped one."""
    catch_up()
    with open_tables() as engine:
        found = find_broadcast(engine, broadcast)
        chosen = campaign or _campaign_of(engine, found)
        messages = engine.run("flows", "messages_of", broadcast=broadcast, campaign=chosen.name)
        return make_report(engine, found, chosen, messages, clock.now_us())


def _campaign_of(engine: Engine, broadcast: Broadcast) -> Campaign:
    used = engine.run("flows", "campaigns_of", broadcast=broadcast.broadcast).column("campaign").to_pylist()
    return choose_campaign(name=used[0] if used else None)


def look_ahead(broadcast: str, campaign: Campaign, progress: Progress | None = None) -> Prospect:
    """What a start would do now, and whether all is ready for it; nothing is kept. Refused while the broadcast is live
    and when the campaign's window is over."""
    planned = plan_follow_up(broadcast, campaign, dry_run=True, progress=progress)
    refuse_over(planned.told.broadcast, campaign, clock.now_us())
    return Prospect(planned.told.broadcast, campaign, planned.new, check_planned(planned))


def check_planned(planned: Planned) -> list[Finding]:
    """What the readiness check says of the decisions that are new."""
    show, now = planned.told.broadcast, clock.now_us()
    return check_start(show, planned.campaign, planned.new, planned.told, planned.unlinked, now)


def start(broadcast: str, campaign: str | None, confirmed: Collection[str] = ()) -> Planned:
    """Check once more, then plan with the campaign of that name. Refused where the readiness check stops it or warns of
    what is not among the `confirmed` findings' names."""
    refuse_unready(look_ahead(broadcast, choose_campaign(name=campaign, keep=False)), confirmed)
    return plan_follow_up(broadcast, choose_campaign(name=campaign))


def start_automatic(progress: Callable[[str], None] | None = None) -> list[Planned]:
    """Plan the automatic campaigns for every broadcast that is due. Warnings do not hold a start; what would stop an
    operator holds it, is said where the operator looks (flows.health), and is looked at again at the next call."""
    started, held = [], []
    for broadcast, campaign in due_starts(progress):
        stops = look_ahead(broadcast, campaign, progress).stops
        if stops:
            hold(broadcast, campaign.name, stops)
            held.append((broadcast, campaign.name))
        else:
            started.append(plan_follow_up(broadcast, campaign, progress=progress))
    release_all_but(held)
    return started


def due_starts(progress: Progress | None = None) -> list[tuple[str, Campaign]]:
    """(broadcast, automatic campaign) of every broadcast that is settled, still within the campaign's window and not
    planned; also where an earlier start died on the way and messages are missing."""
    with transaction() as connection:
        names = [name for name, _, state, automatic in list_campaigns(connection) if automatic and state == "active"]
        campaigns = [load_campaign(connection, name) for name in names]
    if not campaigns:
        return []
    catch_up(progress)
    now = clock.now_us()
    since = now - max(campaign.window_us() for campaign in campaigns) - clock.MINUTE  # decided at a whole minute
    with open_tables() as engine:
        ended = [one for one in list_broadcasts(engine) if one.settled_at is not None and one.settled_at <= now]
        planned = {
            (row["broadcast"], row["campaign"]) for row in engine.run("flows", "planned", since=since).to_pylist()
        }
    return [
        (one.broadcast, campaign)
        for one in ended
        for campaign in campaigns
        if (one.ended_at or 0) + campaign.window_us() > now and (one.broadcast, campaign.name) not in planned
    ]


def pause(name: str) -> None:
    """Nothing of the campaign goes out until it is resumed; what is queued stays queued."""
    with transaction() as connection:
        set_state(connection, name, "paused")


def resume(name: str) -> None:
    with transaction() as connection:
        set_state(connection, name, "active")
        note_resumed(connection, name)


def cancel(broadcast: str, campaign: str, by: str) -> int:
    """Take back, for good, what the campaign has queued for the broadcast; how many messages. See delivery/cancel.py."""
    return cancel_follow_up(campaign, ids_of(broadcast), by)


def count_queued_of(broadcast: str) -> dict[str, tuple[int, int]]:
    """{campaign: (queued, in flight)} of the broadcast and those merged into it."""
    return count_queued(ids_of(broadcast))
