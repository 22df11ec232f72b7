"""Segment-like dictionaries to events: the one validator of everything that comes in.

Every connector yields dictionaries in Segment's shape; whatever is wrong is Rejected with its field and reason,
never another error. Tolerated on purpose:

- `anonymousId: null`, empty marks ('null', '-', 'undefined') in ids, numbers as ids; unknown fields are dropped;
- NaN and Infinity among free properties become null, U+0000 and lone surrogates U+FFFD (in ids they are rejected);
- a missing messageId becomes a hash of the content, so that a retry is a duplicate. So two events that say exactly
  the same, with neither an id nor a timestamp, are one;
- a missing timestamp becomes the time of receipt.

Clock skew (Segment: timestamp - sentAt + receivedAt) is corrected where sentAt and the time of receipt differ by
more than SKEW: a smaller difference is the network, and correcting it would blur good clocks. Files have no sentAt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huitou.events.fields import read_id, read_properties, read_time, rejected
from huitou.events.model import Event, encode_json
from huitou.events.names import OPERATORS, TYPES, EventName, find_name
from huitou.events.people import read_identifiers
from huitou.events.touchpoints import told_touchpoint
from huitou.kit.clock import DAY, MINUTE
from huitou.kit.errors import Rejected
from huitou.kit.ids import short_hash

LARGEST_EVENT = 32 * 1024  # bytes, Segment's limit; the edge checks it
LARGEST_BODY = 500 * 1024
LONGEST_NAME = 200
DEEPEST = 64  # levels of nesting; DuckDB's and Spark's JSON readers stop at some hundreds
SKEW = 5 * MINUTE
AHEAD = 366 * DAY  # beyond it a time is a mistake; up to it an event waits until its time has come

__all__ = ["AHEAD", "DEEPEST", "LARGEST_BODY", "LARGEST_EVENT", "SKEW", "Rejected", "read_segment", "read_sent_at"]


def read_segment(
    raw: Any,
    *,
    source: str,
    received_at: int,
    sent_at: int | None = None,
    currency: str | None = None,
    ahead: int = AHEAD,
) -> Event:
    """The event that `raw` tells, or Rejected(field, reason).

    `received_at`, `sent_at` and `ahead` (how far in the future an event may lie) are microseconds; `currency`
    says how decimals are read where the event names none (else two places). `raw` is not changed, but its
    parts may be shared with the event.
    """
    if type(raw) is not dict:
        raise rejected("", "事件应为 JSON 对象", "an event must be a JSON object")
    name, properties = _read_content(raw, currency)
    user_id = read_id("userId", raw.get("userId"))
    kind = raw["type"]
    identifiers = read_identifiers(raw, user_id, kind == "alias")
    _check_required(raw, kind, name, properties, identifiers)
    stated_at = raw.get("timestamp")
    if stated_at is None:
        stated_at = read_time("originalTimestamp", raw.get("originalTimestamp"))
    else:
        stated_at = read_time("timestamp", stated_at)
    event = Event(
        source,
        read_id("messageId", raw.get("messageId")) or "",
        kind,
        name.name,
        _happened_at(stated_at, received_at, sent_at, ahead),
        stated_at,
        identifiers,
        user_id,
        properties,
        _traits(raw) if kind in ("identify", "group") else {},
        told_touchpoint(name.name, kind, properties, raw.get("context")),
    )
    return _settle(event)


def read_sent_at(value: Any) -> int | None:
    """A body's sentAt; None where it is missing or unreadable: then nothing is corrected, nothing rejected."""
    try:
        return read_time("sentAt", value)
    except Rejected:
        return None


def _read_content(raw: dict[str, Any], currency: str | None) -> tuple[EventName, dict[str, Any]]:
    kind = raw.get("type")
    if type(kind) is not str or kind not in TYPES:
        known = ", ".join(TYPES)
        raise rejected("type", f"type 应为 {known} 之一", f"type must be one of {known}")
    properties = raw.get("properties")
    if properties is None:
        properties = {}
    elif type(properties) is not dict:
        raise rejected("properties", "properties 应为对象", "properties must be an object")
    if kind == "track":
        name = find_name(_read_name(raw.get("event")))
        if name.channel and "channel" not in properties:
            properties = {**properties, "channel": name.channel}
    else:
        name = EventName(TYPES[kind], "verbatim", False)
        properties = _with_envelope(raw, kind, properties)
    return name, read_properties(properties, name.money, currency) if properties else properties


def _read_name(said: Any) -> str:
    if type(said) is not str or not (said := said.strip()):
        raise rejected("event", "缺少事件名", "the event's name is missing")
    if len(said) > LONGEST_NAME or not said.isprintable():
        raise rejected(
            "event",
            f"事件名超过 {LONGEST_NAME} 个字符或含控制字符",
            f"the event's name has over {LONGEST_NAME} characters or control characters",
        )
    if said in OPERATORS:
        raise rejected(
            "event",
            f"{said} 只能由运营人员在后台或命令行写入",
            f"{said} is told by operators alone, in the console or on the command line",
        )
    return said


def _with_envelope(raw: dict[str, Any], kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    """What page, screen and group say beside their properties, kept among them."""
    extra = {key: raw[key] for key in ("name", "category") if isinstance(raw.get(key), str)}
    if kind == "group" and (group := read_id("groupId", raw.get("groupId"))) is not None:
        extra["group_id"] = group
    return {**properties, **extra} if extra else properties


def _traits(raw: dict[str, Any]) -> dict[str, Any]:
    traits = raw.get("traits")
    if traits is None:
        context = raw.get("context")
        traits = context.get("traits") if type(context) is dict else None  # where RudderStack's browser SDK has them
        if type(traits) is not dict:
            return {}
    if type(traits) is not dict:
        raise rejected("traits", "traits 应为对象", "traits must be an object")
    _check_consents(traits.get("consents"))
    return traits


def _check_consents(consents: Any) -> None:
    if consents is None:
        return
    if not isinstance(consents, dict):
        raise rejected("traits.consents", "consents 应为“渠道：是否”的对象", "consents must be an object by channel")
    for channel, said in consents.items():
        granted = said.get("granted") if isinstance(said, dict) else said
        if not isinstance(granted, bool):
            raise rejected(
                f"traits.consents.{str(channel)[:60]}",
                "应为 true、false 或含 granted 的对象",
                "must be true, false or an object with granted",
            )
        if isinstance(said, dict):
            read_time(f"traits.consents.{str(channel)[:60]}.occurred_at", said.get("occurred_at"))


def _check_required(
    raw: dict[str, Any],
    kind: str,
    name: EventName,
    properties: Mapping[str, Any],
    identifiers: tuple[tuple[str, str], ...],
) -> None:
    if not identifiers and not name.impersonal:
        raise rejected(
            "userId",
            "需要 userId、anonymousId 或其他可用的身份标识（脱敏或占位的手机号、邮箱不算）",
            "needs userId, anonymousId or another usable identifier (a masked or placeholder phone or email is none)",
        )
    if not identifiers and "room_id" not in properties and (field := _subject(name.name)) not in properties:
        raise rejected(f"properties.{field}", f"缺少 {field}", f"{field} is missing")
    if name.name in ("consent_given", "consent_not_given") and not (
        properties.get("channel") or properties.get("channels")
    ):
        raise rejected(
            "properties.channel", "缺少 channel：同意的是哪个渠道", "channel is missing: what was permitted?"
        )
    if kind == "alias" and len({value for _, value in identifiers}) < 2:
        field = "previousId" if raw.get("previousId") in (None, "") else "userId"
        raise rejected(field, "alias 需要两个不同的标识", "alias needs previousId and another id")
    if kind == "group" and "group_id" not in properties:
        raise rejected("groupId", "缺少 groupId", "groupId is missing")


def _subject(name: str) -> str:
    """What an impersonal event must be about, at least."""
    if name.startswith("message_"):
        return "message_id"
    return "product_id" if name == "product_listed" else "broadcast_id"


def _happened_at(stated_at: int | None, received_at: int, sent_at: int | None, ahead: int) -> int:
    if stated_at is None:
        return received_at
    if sent_at is not None and abs(received_at - sent_at) > SKEW:
        stated_at = stated_at - sent_at + received_at
    if stated_at > received_at + ahead:
        raise rejected("timestamp", "时间在未来", "the time lies in the future")
    if stated_at < 0:
        raise rejected("timestamp", "时间早于 1970 年", "the time is before 1970")
    return stated_at


def _settle(event: Event) -> Event:
    """Check that the event can be stored as JSON, repairing what may be repaired, and give it an id if it has none."""
    try:
        body = encode_json((event.properties, event.traits))
        repairable = b"\\u0000" in body
    except UnicodeEncodeError:
        repairable = True
    except (TypeError, ValueError, OverflowError) as error:
        raise rejected("properties", f"无法存为 JSON：{error}", f"cannot be stored as JSON: {error}") from None
    except RecursionError:
        raise _too_deep() from None
    if repairable:
        event = _replace(event, properties=_scrub(event.properties), traits=_scrub(event.traits))
    elif body.count(b"[") + body.count(b"{") > DEEPEST:
        _check_depth(event.properties)
        _check_depth(event.traits)
    if not event.event_id:
        event = _replace(event, event_id=_derived_id(event))
    return event


def _derived_id(event: Event) -> str:
    return "h" + short_hash(event.fingerprint.hex(), size=16)


def _replace(event: Event, **changes: Any) -> Event:
    return Event(**{field: changes.get(field, getattr(event, field)) for field in Event.__struct_fields__})


def _scrub(value: Any, level: int = 0) -> Any:
    """The value with U+FFFD for what PostgreSQL's JSON and UTF-8 cannot hold: U+0000 and lone surrogates."""
    if level > DEEPEST:
        raise _too_deep()
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_scrub(key, level + 1): _scrub(part, level + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub(part, level + 1) for part in value]
    return value


def _check_depth(value: Any, level: int = 0) -> None:
    if level > DEEPEST:
        raise _too_deep()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for part in parts:
        _check_depth(part, level + 1)


def _too_deep() -> Rejected:
    return rejected("properties", f"嵌套超过 {DEEPEST} 层", f"nested deeper than {DEEPEST} levels")
