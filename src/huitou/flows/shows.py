"""An operator puts a broadcast right: name, times, two that were one show, one that should not count; and takes it back.

What is to be said against it is found by looking at what would come of it: refused where that cannot be, asked about
where it is unlikely, or where messages are queued that were decided with what was known before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from huitou.catalog.broadcasts import Broadcast, find_broadcast, list_broadcasts, overlap
from huitou.customers.refresh import ZONE
from huitou.decisions.reading import attach_decisions
from huitou.delivery.cancel import beside_senders, count_queued
from huitou.delivery.outbox import cancel_queued
from huitou.events.broadcast_acts import Act, Standing, event_of, fold, read_acts, undo_of
from huitou.events.current import attach_events, correct_broadcasts
from huitou.events.journal import append_events
from huitou.events.names import CORRECTED, DELETED, MERGED, RESTORED
from huitou.flows.refresh import absorb, catch_up
from huitou.kit import clock
from huitou.kit.errors import NotFound, Refused
from huitou.kit.text import Text
from huitou.stores.engine import Engine
from huitou.stores.ledger import Connection, lock, transaction

LOCK = "broadcasts"
LONGEST_TITLE = 200
LONG = 24 * clock.HOUR  # a show of more than that is more often a wrong day
Queued = Literal["ask", "cancel", "keep"]


@dataclass(frozen=True)
class Weighed:
    """What is to be known before an act: doubts to be confirmed; how many queued messages may go on with what was
    known before (`asked`), and how many are cancelled in any case (`lost`: their broadcast goes)."""

    act: Act
    doubts: tuple[Text, ...]
    asked: int
    lost: int
    seen: int  # the last act known

    @property
    def is_plain(self) -> bool:
        return not self.doubts and not self.asked


@dataclass(frozen=True)
class HistoryLine:
    """One line of a broadcast's history; `undo` is the act that takes it back, None where there is nothing to."""

    act: Act
    undo: Act | None


@dataclass(frozen=True)
class _House:
    """What an act is weighed against."""

    engine: Engine
    acts: Sequence[Act]
    broadcasts: Sequence[Broadcast]

    @property
    def standing(self) -> Standing:
        return fold(self.acts)

    def find(self, broadcast: str) -> Broadcast:
        return find_broadcast(self.engine, broadcast)

    def has_decided(self, broadcast: str) -> bool:
        return self.engine.run("flows", "campaigns_of", broadcast=broadcast).num_rows > 0


def weigh(act: Act) -> Weighed:
    """What is to be said against the act. Refused or NotFound where it cannot be done."""
    with _open_house() as house:
        doubts = CHECKS[act.name](house, act)
        asked, lost = _concerned(house.standing, act)
        with transaction() as connection:
            return Weighed(
                act,
                tuple(doubts),
                _queued(connection, asked),
                _queued(connection, lost),
                house.acts[-1].id if house.acts else 0,
            )


def carry_out(act: Act, *, confirmed: bool = False, queued: Queued = "ask") -> Act:
    """Do it, and bring all that is derived up to date; the act as it was kept, with how many messages were cancelled.

    Refused with code 'doubtful' where there are doubts and not `confirmed`, 'queued' where messages are queued and
    `queued` does not say what becomes of them, 'overtaken' where somebody else was faster.
    """
    weighed = weigh(act)
    if weighed.doubts and not confirmed:
        raise Refused(_joined(weighed.doubts), code="doubtful")
    if weighed.asked and queued == "ask":
        raise Refused(_ask_about(weighed.asked), code="queued")
    kept = beside_senders(lambda connection: _keep(connection, weighed, queued))
    catch_up()
    return kept


def _keep(connection: Connection, weighed: Weighed, queued: Queued) -> Act:
    """Store the act as an event and cancel what it takes with it, in one transaction."""
    act = weighed.act
    lock(connection, LOCK)
    acts = read_acts(connection)
    if acts and acts[-1].id != weighed.seen:
        raise Refused(
            {"zh": "其他人刚刚改动了场次，请刷新后再试。", "en": "somebody else has just changed a broadcast: look again"},
            code="overtaken",
        )  # fmt: skip
    asked, lost = _concerned(fold(acts), act)
    gone = "broadcast_deleted" if act.name == DELETED else "broadcast_merged"
    cancelled = cancel_queued(connection, None, lost, gone)
    if queued == "cancel":
        cancelled += cancel_queued(connection, None, asked, "broadcast_changed")
    kept = replace(act, cancelled=cancelled)
    append_events(connection, [event_of(kept)], clock.now_us())
    return kept


def _queued(connection: Connection, broadcasts: Sequence[str]) -> int:
    return sum(queued for queued, _in_flight in count_queued(broadcasts, connection).values())


def history_of(broadcast: str) -> list[HistoryLine]:
    """What operators said of this broadcast and of what was merged into it, the latest first."""
    with transaction() as connection:
        acts = read_acts(connection)
    ids = set(fold(acts).merged_into(broadcast))
    return [
        HistoryLine(act, undo_of(acts, act)) for act in reversed(acts) if act.broadcast in ids or act.other == broadcast
    ]


def find_undo(act_id: int, by: str) -> Act:
    """The act that takes that one back. NotFound for an unknown one, Refused where there is nothing to take back."""
    with transaction() as connection:
        acts = read_acts(connection)
    told = next((act for act in acts if act.id == act_id), None)
    if told is None:
        raise NotFound({"zh": "没有这条操作记录。", "en": "there is no such change"})
    undo = undo_of(acts, told)
    if undo is None:
        raise Refused(
            {
                "zh": "这一步已被之后的操作取代，没有可撤销的内容。",
                "en": "a later change has taken its place: nothing to undo",
            }
        )
    return replace(undo, by=by)


def way_back(broadcast: str, by: str = "") -> Act:
    """The act that restores a deleted broadcast, or takes a merged one out again. Refused where it is neither."""
    with transaction() as connection:
        standing = fold(read_acts(connection))
    if broadcast not in standing.gone:
        raise _is_here(broadcast)
    return Act(RESTORED, broadcast, standing.survivors.get(broadcast, ""), by=by)


@contextmanager
def _open_house() -> Iterator[_House]:
    absorb()
    with Engine() as engine:
        attach_events(engine)
        attach_decisions(engine)
        with transaction() as connection:
            acts = read_acts(connection)
        yield _House(engine, acts, list_broadcasts(engine))


def _check_correction(house: _House, act: Act) -> Iterator[Text]:
    house.find(act.broadcast)
    if act.title is not None and (len(act.title) > LONGEST_TITLE or not act.title.isprintable()):
        raise Refused(
            {
                "zh": f"名称不能超过 {LONGEST_TITLE} 个字符，也不能含换行等控制字符。",
                "en": f"a title has at most {LONGEST_TITLE} characters and no line breaks",
            }
        )
    if act.started_at is None and act.ended_at is None:
        return
    if max(act.started_at or 0, act.ended_at or 0) > clock.now_us():
        raise Refused(
            {"zh": "时间在未来：等直播真正开始或结束后再填写。", "en": "the time lies in the future: set it once it has come"}
        )  # fmt: skip
    correct_broadcasts(house.engine, fold([*house.acts, act]))
    after = house.find(act.broadcast)
    if after.ended_at is not None and after.ended_at <= after.started_at:
        raise _ends_before(after)
    yield from _doubt_length(after)
    yield from _doubt_signs(after)
    yield from _doubt_overlap(after, list_broadcasts(house.engine))


def _ends_before(after: Broadcast) -> Refused:
    return Refused(
        {
            "zh": f"下播时间（{_moment(after.ended_at)}）必须晚于开播时间（{_moment(after.started_at)}）。",
            "en": f"the end ({_moment(after.ended_at)}) must come after the start ({_moment(after.started_at)})",
        }
    )


def _doubt_length(after: Broadcast) -> Iterator[Text]:
    if after.ended_at is not None and after.ended_at - after.started_at > LONG:
        hours = round((after.ended_at - after.started_at) / clock.HOUR)
        yield {
            "zh": f"整场长达 {hours} 小时，超过 24 小时，请核对日期。",
            "en": f"the broadcast would last {hours} hours, more than 24: check the days",
        }


def _doubt_signs(after: Broadcast) -> Iterator[Text]:
    if after.first_event_at > (after.ended_at or clock.now_us()) or after.last_event_at < after.started_at:
        first, last = _moment(after.first_event_at), _moment(after.last_event_at)
        yield {
            "zh": f"本场的全部互动记录（{first} 至 {last}）都在这段时间之外。",
            "en": f"everything that is known to have happened in it ({first} to {last}) lies outside this time",
        }


def _doubt_overlap(after: Broadcast, others: Sequence[Broadcast]) -> Iterator[Text]:
    for other in others:
        if (
            other.broadcast != after.broadcast
            and other.room
            and other.room == after.room
            and overlap(after, other, clock.now_us())
        ):
            yield {
                "zh": f"与同一直播间的场次 {_name(other)} 时间重叠：同一笔订单会同时计入两场。",
                "en": f"it overlaps {_name(other)} in the same room: an order would count in both",
            }


def _check_merge(house: _House, act: Act) -> Iterator[Text]:
    if act.broadcast == act.other:
        raise Refused({"zh": "不能与自己合并。", "en": "a broadcast cannot be merged into itself"})
    one, other = house.find(act.broadcast), house.find(act.other)
    if house.has_decided(one.broadcast) and house.has_decided(other.broadcast):
        raise Refused(
            {
                "zh": f"{_name(one)} 和 {_name(other)} 都已做过未下单召回决策，两份结果无法合并成一份报告。",
                "en": f"both {_name(one)} and {_name(other)} have had a follow-up decided: their results cannot become one",
            },
            code="both_decided",
        )
    first, second = sorted((one, other), key=lambda show: show.started_at)
    for between in house.broadcasts:
        if one.room and one.room == other.room == between.room and (
            first.started_at < between.started_at < second.started_at
        ):  # fmt: skip
            raise Refused(
                {
                    "zh": f"同一直播间在两场之间还有场次 {_name(between)}，不能跨过它合并。",
                    "en": f"the same room had {_name(between)} between the two: they cannot be one show",
                }
            )
    if not overlap(one, other, clock.now_us()):
        yield {
            "zh": f"两场时间不重叠：{_name(first)} {_moment(first.ended_at)} 结束，{_name(second)} {_moment(second.started_at)} 才开始。",
            "en": f"they do not overlap: {_name(first)} ended {_moment(first.ended_at)}, {_name(second)} began "
            f"{_moment(second.started_at)}",
        }


def _check_delete(house: _House, act: Act) -> Iterator[Text]:
    one = house.find(act.broadcast)
    if house.has_decided(one.broadcast):
        yield {
            "zh": f"{_name(one)} 已做过未下单召回决策：删除后不再显示其报告，已发出的消息保留在客户页面和频次中。",
            "en": f"a follow-up was decided for {_name(one)}: its report goes with it; what was sent stays on the customers'"
            " pages and in the caps",
        }


def _check_restore(house: _House, act: Act) -> Iterator[Text]:
    if act.broadcast not in house.standing.gone:
        raise _is_here(act.broadcast)
    yield from ()


def _is_here(broadcast: str) -> Refused:
    return Refused(
        {
            "zh": f"场次 {broadcast} 没有被删除或合并。",
            "en": f"the broadcast {broadcast} is neither deleted nor merged",
        }
    )


CHECKS: dict[str, Callable[[_House, Act], Iterator[Text]]] = {
    CORRECTED: _check_correction,
    MERGED: _check_merge,
    DELETED: _check_delete,
    RESTORED: _check_restore,
}


def _concerned(standing: Standing, act: Act) -> tuple[list[str], list[str]]:
    """The broadcasts whose queued messages were decided with other facts, and those whose messages must go."""
    own = standing.merged_into(act.broadcast)
    match act.name:
        case "live_merged":
            return standing.merged_into(act.other), own
        case "live_deleted":
            return [], own
        case "live_restored":
            return (standing.merged_into(act.other) if act.other else []), []
    return ([] if act.started_at is None and act.ended_at is None else own), []


def _name(broadcast: Broadcast) -> str:
    return f"{broadcast.broadcast} “{broadcast.title}”" if broadcast.title else broadcast.broadcast


def _moment(at: int | None) -> str:
    return "–" if at is None else f"{clock.to_datetime(at, ZONE):%Y-%m-%d %H:%M}"


def _joined(texts: Sequence[Text]) -> Text:
    return {"zh": "".join(text["zh"] for text in texts), "en": "; ".join(text["en"] for text in texts)}


def _ask_about(count: int) -> Text:
    return {
        "zh": f"还有 {count} 条待发消息是按更正前的信息决定的：请选择取消它们（--cancel-queued），或照原样发送（--keep-queued）。",
        "en": f"{count} queued messages were decided with what was known before: cancel them (--cancel-queued) or let them go as they are"
        " (--keep-queued)",
    }


def say_act(act: Act) -> Text:
    """What the act says, in words."""
    match act.name:
        case "live_merged":
            return {"zh": f"{act.broadcast} 并入 {act.other}", "en": f"{act.broadcast} merged into {act.other}"}
        case "live_deleted":
            return {"zh": f"删除 {act.broadcast}", "en": f"{act.broadcast} deleted"}
        case "live_restored" if act.other:
            return {"zh": f"把 {act.broadcast} 从 {act.other} 拆出", "en": f"{act.broadcast} taken out of {act.other}"}
        case "live_restored":
            return {"zh": f"恢复 {act.broadcast}", "en": f"{act.broadcast} restored"}
    said = [text for text in (_say_title(act.title), *_say_times(act)) if text]
    return {
        "zh": f"{act.broadcast}：" + "，".join(text["zh"] for text in said),
        "en": f"{act.broadcast}: " + ", ".join(text["en"] for text in said),
    }


def _say_title(title: str | None) -> Text | None:
    if title is None:
        return None
    if not title:
        return {"zh": "名称恢复为数据中的名称", "en": "title as the data say"}
    return {"zh": f"名称改为“{title}”", "en": f"title “{title}”"}


def _say_times(act: Act) -> Iterator[Text]:
    for at, zh, en in ((act.started_at, "开播时间", "start"), (act.ended_at, "下播时间", "end")):
        if at:
            yield {"zh": f"{zh}改为 {_moment(at)}", "en": f"{en} {_moment(at)}"}
        elif at is not None:
            yield {"zh": f"{zh}恢复为数据中的时间", "en": f"{en} as the data say"}
