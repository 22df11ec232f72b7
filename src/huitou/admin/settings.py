"""Settings made in the console: kept in the ledger, lent to every process under the names of environment variables.

The environment wins over them (kit/settings.py). Serving, working and sending read them anew as they go (`refresh`), so
a change reaches every process within seconds. Secrets are encrypted with a key of the data folder and never shown.
"""

from __future__ import annotations

import asyncio
import contextlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import quote

import psycopg
import structlog

from huitou.admin.changes import find_change, note_change
from huitou.admin.fields import FIELDS, SECURITIES, is_this_machine
from huitou.kit.errors import HuitouError, NotFound, Refused
from huitou.kit.settings import is_given, lend_settings, secret
from huitou.kit.text import Text
from huitou.stores.ledger import Connection, lock, transaction

FOLLOW_SECONDS = 5.0
HIDDEN = "•"  # how the log says that a secret was there

log = structlog.get_logger(__name__)


class Invalid(Refused):
    """Some values cannot be: `problems` by field. Nothing was saved."""

    code = "invalid_settings"

    def __init__(self, problems: Mapping[str, Text]) -> None:
        self.problems = problems
        super().__init__(next(iter(problems.values())))


def refresh() -> None:
    """Lend this process what the ledger holds now."""
    with transaction() as connection:
        kept = _read(connection)
    lend_settings(as_variables(kept))


async def follow(stop: asyncio.Event) -> None:
    """Refresh until `stop` is set; a ledger that does not answer is asked again."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(refresh)
        except (HuitouError, psycopg.Error) as error:
            log.warning("settings.unread", reason=str(error))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FOLLOW_SECONDS):
                await stop.wait()


def kept_settings() -> dict[str, str]:
    """What the console has set, by field; of a secret only HIDDEN, where it is set."""
    with transaction() as connection:
        kept = _read(connection)
    return {name: HIDDEN if FIELDS[name].is_secret else value for name, value in kept.items()}


def fields_given() -> frozenset[str]:
    """Fields that the environment sets; what the console says of them changes nothing."""
    return frozenset(name for name, field in FIELDS.items() if is_given(field.variable))


def save_settings(values: Mapping[str, str], by: str, *, clear: Iterable[str] = ()) -> list[str]:
    """Set these fields, '' takes one back; an empty secret stays as it is, `clear` takes it back.

    All or nothing: raises Invalid. Returns the fields that changed.
    """
    given = fields_given()
    wanted = {name: value for name, value in values.items() if name in FIELDS and name not in given}
    wanted = {name: value for name, value in wanted.items() if value.strip() or not FIELDS[name].is_secret}
    wanted |= {name: "" for name in clear if name in FIELDS and name not in given}
    checked = _check(wanted)
    with transaction() as connection:
        lock(connection, "settings")
        before = _read(connection)
        after = {name: value for name, value in {**before, **checked}.items() if value}
        _check_together(before, after, checked)
        changed = [name for name in FIELDS if before.get(name, "") != after.get(name, "")]
        for name in changed:
            _write(connection, name, before.get(name, ""), after.get(name, ""), by)
    refresh()
    return changed


def undo_setting(number: int, by: str) -> str:
    """Put back what a change replaced; the field's name. NotFound, or Refused where it was a secret."""
    with transaction() as connection:
        change = find_change(connection, number)
    if change is None or change.kind != "setting" or change.subject not in FIELDS:
        raise NotFound({"zh": "没有这条修改记录。", "en": "there is no such change"})
    if FIELDS[change.subject].is_secret:
        raise Refused({"zh": "密码不能恢复，请重新填写。", "en": "A secret cannot be put back: type it again."})
    save_settings({change.subject: change.before}, by)
    return change.subject


def as_variables(kept: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that these fields stand in for."""
    found = {
        field.variable: kept[name]
        for name, field in FIELDS.items()
        if name in kept and field.variable not in ("HUITOU_MAIL_FROM", "HUITOU_SMTP_URL")
    }
    if kept.get("from_address"):
        found["HUITOU_MAIL_FROM"] = _mail_from(kept.get("sender_name", ""), kept["from_address"])
    if kept.get("smtp_host"):
        found["HUITOU_SMTP_URL"] = _smtp_url(kept)
    return found


def _mail_from(name: str, address: str) -> str:
    if not name:
        return address
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def _smtp_url(kept: Mapping[str, str]) -> str:
    how = kept.get("smtp_security") or "required"
    user, password = quote(kept.get("smtp_user", ""), safe=""), quote(kept.get("smtp_password", ""), safe="")
    login = f"{user}:{password}@" if user or password else ""
    name = f"[{kept['smtp_host']}]" if ":" in kept["smtp_host"] else kept["smtp_host"]
    port = kept.get("smtp_port") or SECURITIES[how]
    return f"smtps://{login}{name}:{port}" if how == "smtps" else f"smtp://{login}{name}:{port}?tls={how}"


def _check(wanted: Mapping[str, str]) -> dict[str, str]:
    checked, problems = dict[str, str](), dict[str, Text]()
    for name, value in wanted.items():
        try:
            checked[name] = FIELDS[name].check(value) if value.strip() else ""
        except Refused as error:
            problems[name] = error.message
    if problems:
        raise Invalid(problems)
    return checked


def _check_together(before: Mapping[str, str], after: Mapping[str, str], typed: Mapping[str, str]) -> None:
    """What is right for each field alone may be wrong beside the others."""
    problems = dict[str, Text]()
    if after.get("sender_name") and not after.get("from_address"):
        problems["from_address"] = {
            "zh": "填了发件人名称，也要填发件邮箱。",
            "en": "A sender's name needs a sender's address.",
        }
    name, password = after.get("smtp_host", ""), after.get("smtp_password", "")
    kept = before.get("smtp_password", "")
    if kept and name and name != before.get("smtp_host", "") and password and not typed.get("smtp_password"):
        # Else whoever changes the server, at once or by taking it out first, would be sent a password nobody may read.
        problems["smtp_password"] = {
            "zh": "服务器换了，请重新填写密码。",
            "en": "The server changed: type the password again.",
        }
    if password and name and after.get("smtp_security") in ("if_offered", "off") and not is_this_machine(name):
        problems["smtp_security"] = {
            "zh": "密码会不加密地传出去。请选 SSL/TLS 或 STARTTLS。",
            "en": "The password would travel unencrypted: choose SSL/TLS or STARTTLS.",
        }
    if problems:
        raise Invalid(problems)


def _read(connection: Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, value FROM setting").fetchall()
    kept = {name: _open(value) if FIELDS[name].is_secret else value for name, value in rows if name in FIELDS}
    return {name: value for name, value in kept.items() if value}


def _write(connection: Connection, name: str, before: str, after: str, by: str) -> None:
    is_secret = FIELDS[name].is_secret
    if after:
        connection.execute(
            "INSERT INTO setting (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, _seal(after) if is_secret else after),
        )
    else:
        connection.execute("DELETE FROM setting WHERE name = %s", (name,))
    told = [HIDDEN if value and is_secret else value for value in (before, after)]
    note_change(connection, "setting", name, told[0], told[1], by)
    log.info("setting.changed", name=name, by=by)


def _seal(value: str) -> str:
    from cryptography.fernet import Fernet

    return Fernet(_key()).encrypt(value.encode()).decode()


def _open(sealed: str) -> str:
    """'' where the key is another's: the ledger was moved without its data folder, the secret must be typed again."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(_key()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        log.warning("settings.secret_unreadable")
        return ""


def _key() -> bytes:
    return urlsafe_b64encode(secret("settings"))
