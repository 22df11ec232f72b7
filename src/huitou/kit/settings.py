"""What can be set from outside, read once from the environment; everything else lives in the ledger.

HUITOU_DATA          folder of everything the house keeps (default ./huitou-data; --data wins)
DATABASE_URL         your PostgreSQL; without it an embedded one starts inside the data folder
HUITOU_WRITE_KEY     one more write key that ingest accepts (a script's)
HUITOU_SMTP_URL      smtp://user:password@host:port, smtps:// for TLS from the start
HUITOU_PUBLIC_URL    where customers' clicks reach the edge, e.g. https://t.example.com (default: where it was last
                     served on this machine, which customers cannot reach)
HUITOU_MAIL_FROM     the sender of mails, e.g. 回头茶铺 <hello@example.com>

Read where they are used, and explained there:

HUITOU_BRAND_*, HUITOU_DKIM_*               delivery/brand.py, delivery/channels/email/signing.py
HUITOU_SMTP_PER_SECOND, HUITOU_MAIL_LOG     delivery/channels/email: the relay's rate, and its log
HUITOU_DOUYIN_SECRET                        edge/platforms.py: of the platform's push
HUITOU_LANG                                 zh or en, for the command line
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


@dataclass(frozen=True)
class Settings:
    data: Path
    database_url: str | None
    write_key: str | None
    smtp_url: str | None
    public_url: str
    mail_from: str

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
        public_url=(env.get("HUITOU_PUBLIC_URL") or served_at(folder)).rstrip("/"),
        mail_from=env.get("HUITOU_MAIL_FROM") or "Huitou <huitou@localhost>",
    )


def served_at(data: Path) -> str:
    """Where `serve` last answered on this machine: what other commands' links lead to as long as nothing is set."""
    try:
        return (data / SERVED).read_text(encoding="ascii").strip() or HERE
    except (OSError, ValueError):
        return HERE


def note_served(url: str) -> None:
    """`serve` answers there. Links follow it at once, in this process and in later ones, unless an address was set."""
    if settings().public_url != served_at(settings().data):
        return
    with suppress(OSError):
        (settings().data / SERVED).write_text(url, encoding="ascii")
    use_settings(replace(settings(), public_url=url))


_settings: Settings | None = None


def settings() -> Settings:
    """The settings in force; read from the environment at first use."""
    global _settings
    if _settings is None:
        _settings = read_settings()
    return _settings


def use_settings(new: Settings) -> Settings | None:
    """Put these settings in force and return the ones they replace."""
    global _settings
    previous, _settings = _settings, new
    return previous


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
