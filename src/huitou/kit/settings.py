"""What can be set from outside: in the environment, else in the console, else a default.

What the console keeps in the ledger is lent to this process (`lend_settings`) under the names of the environment
variables it stands in for; whoever reads one through `settings()` or `environment()` sees what is in force now.

HUITOU_DATA          folder of everything the house keeps (default ./huitou-data; --data wins)
DATABASE_URL         your PostgreSQL; without it an embedded one starts inside the data folder
HUITOU_WRITE_KEY     one more write key that ingest accepts (a script's)
HUITOU_SMTP_URL      smtp://user:password@host:port, smtps:// for TLS from the start
HUITOU_PUBLIC_URL    where customers' clicks reach the edge, e.g. https://t.example.com (default: where it was last
                     served on this machine, which customers cannot reach)
HUITOU_MAIL_FROM     the sender of mails, e.g. 回头茶铺 <hello@example.com>
HUITOU_REPLY_TO      where answers to mails go, if elsewhere

Read where they are used, and explained there:

HUITOU_BRAND_*, HUITOU_DKIM_*               delivery/brand.py, delivery/channels/email/signing.py
HUITOU_SMTP_PER_SECOND, HUITOU_MAIL_LOG     delivery/channels/email: the relay's rate, and its log
HUITOU_DOUYIN_SECRET                        edge/platforms.py: of the platform's push
HUITOU_LANG                                 zh or en, for the command line
HUITOU_PROXIES                              admin/addresses.py: proxies whose word on a visitor's address is taken
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from huitou.kit.errors import Refused

HERE = "http://127.0.0.1:8000"
SERVED = "served-at"  # file in the data folder


class Unset(str):
    """A value nobody set: the console's goes before it."""

    __slots__ = ()


class Lent(Unset):
    """A value of the console's: gone when it is changed or taken back there."""

    __slots__ = ()


MAIL_FROM = Unset("Huitou <huitou@localhost>")
REPLY_TO = Unset("")
DEFAULTS: Mapping[str, str | None] = {
    "smtp_url": None,
    "mail_from": MAIL_FROM,
    "reply_to": REPLY_TO,
}
VARIABLES = {
    "smtp_url": "HUITOU_SMTP_URL",
    "public_url": "HUITOU_PUBLIC_URL",
    "mail_from": "HUITOU_MAIL_FROM",
    "reply_to": "HUITOU_REPLY_TO",
}


@dataclass(frozen=True)
class Settings:
    data: Path
    database_url: str | None
    write_key: str | None
    smtp_url: str | None
    public_url: str
    mail_from: str
    reply_to: str = REPLY_TO

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"


def read_settings(data: Path | str | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; `data` (the --data option) wins over HUITOU_DATA."""
    env = os.environ if env is None else env
    folder = Path(data or env.get("HUITOU_DATA") or "huitou-data").absolute()
    return Settings(
        data=folder,
        database_url=env.get("DATABASE_URL") or None,
        write_key=env.get("HUITOU_WRITE_KEY") or None,
        smtp_url=env.get("HUITOU_SMTP_URL") or None,
        public_url=(env.get("HUITOU_PUBLIC_URL") or "").rstrip("/") or Unset(served_at(folder)),
        mail_from=env.get("HUITOU_MAIL_FROM") or MAIL_FROM,
        reply_to=env.get("HUITOU_REPLY_TO") or REPLY_TO,
    )


def served_at(data: Path) -> str:
    """Where `serve` last answered on this machine: what other commands' links lead to as long as nothing is set."""
    try:
        return (data / SERVED).read_text(encoding="ascii").strip() or HERE
    except (OSError, ValueError):
        return HERE


def note_served(url: str) -> None:
    """`serve` answers there. Links follow it at once, in this process and in later ones, unless an address was set."""
    with suppress(OSError):
        (settings().data / SERVED).write_text(url, encoding="ascii")
    if _settings is not None and isinstance(_settings.public_url, Unset):
        use_settings(replace(_settings, public_url=Unset(url)))


_settings: Settings | None = None
_in_force: Settings | None = None  # _settings with what is lent; made again when either changes
_lent: Mapping[str, str] = {}


def settings() -> Settings:
    """The settings in force; read from the environment at first use."""
    global _settings, _in_force
    if _settings is None:
        _settings = read_settings()
    found = _in_force
    if found is None:
        found = _in_force = _with_lent(_settings, _lent)
    return found


def use_settings(new: Settings) -> Settings | None:
    """Put these settings in force and return the ones they replace. What another ledger lent is given back."""
    global _settings, _in_force, _lent
    previous = _settings
    if previous is None or (previous.data, previous.database_url) != (new.data, new.database_url):
        _lent = {}
    _settings, _in_force = new, None
    return previous


def lend_settings(values: Mapping[str, str]) -> None:
    """What the console has set, by the environment variable each value stands in for."""
    global _in_force, _lent
    if values != _lent:
        _lent, _in_force = dict(values), None


def environment() -> Mapping[str, str]:
    """The environment's variables (empty ones are not set), and the console's where it has none."""
    return {**_lent, **{name: value for name, value in os.environ.items() if value}}


def is_given(variable: str) -> bool:
    """Whether this variable is set from outside, so that the console's value would change nothing."""
    name = next((name for name, one in VARIABLES.items() if one == variable), None)
    if name is None:
        return bool(os.environ.get(variable))
    value = getattr(_settings or settings(), name)
    return value is not None and not isinstance(value, Unset)


def _with_lent(base: Settings, lent: Mapping[str, str]) -> Settings:
    found: dict[str, str | None] = {}
    for name, variable in VARIABLES.items():
        value = getattr(base, name)
        if value is not None and not isinstance(value, Unset):
            continue
        if variable in lent:
            found[name] = Lent(lent[variable])
        elif isinstance(value, Lent):  # of a copy that was made while it was lent
            found[name] = Unset(served_at(base.data)) if name == "public_url" else DEFAULTS[name]
    return replace(base, **found) if found else base  # type: ignore[arg-type]


def secret(name: str) -> bytes:
    """The installation's secret of that name (32 bytes), made at first use, readable by its owner only."""
    folder = settings().data / "secrets"
    path = folder / name
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _create(path, secrets.token_bytes(32))
        return path.read_bytes()
    except PermissionError as error:
        raise Refused(
            {
                "zh": f"读不了 {path}：数据文件夹属于另一个用户。",
                "en": f"cannot read {path}: the data folder belongs to another user",
            }
        ) from error


def _create(path: Path, content: bytes) -> None:
    """Whole or not at all: two first commands at once must agree on one secret."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
