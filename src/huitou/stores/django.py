"""Django, set up from code: one app, `huitou`, whose tables live in the rooms' models.py.

Django's finders look beside the app (`huitou/templates`); everything the console shows lives in huitou/console, so
each finder is told (templates, template tags, static files, locale).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from huitou.kit.errors import Refused
from huitou.kit.settings import is_given, secret, settings
from huitou.stores import ledger

CONSOLE = Path(__file__).parents[1] / "console"
APPS = (
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "huitou",
)
MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "huitou.console.middleware.Methods",
    "huitou.console.middleware.Csrf",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "huitou.console.middleware.end_old_sessions",
    "huitou.console.middleware.secure_cookies",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
POOL_SIZE = 8  # Django's own threads; ASGI wants a pool rather than one kept connection per thread

_mutex = threading.Lock()
_configured_for: str | None = None


def setup_django() -> None:
    """Configure Django for the settings in force; again only where the ledger has moved (tests). Starts the ledger."""
    global _configured_for
    url = ledger.database_url()
    with _mutex:
        if _configured_for == url:
            return
        if _configured_for is None:
            _configure(url)
        else:
            _move_to(url)
        _configured_for = url


def migrate(progress: Callable[[str], None] | None = None) -> bool:
    """Bring the ledger's tables up to this version of the house; True where there was anything to do.

    Up to date, this costs one small query and does not load Django. Of several processes at once one migrates and
    the others wait. `progress` hears each migration's name. Raises Refused where the tables are newer than the code.
    """
    wanted = _fingerprint()
    with ledger.connect(autocommit=True) as connection:
        if _applied(connection) == wanted:
            return False
        connection.execute("SELECT pg_advisory_lock(%s)", (ledger.lock_key("name", "migrate"),))
        if _applied(connection) == wanted:  # another process did it while we waited
            return False
        _run_migrations(progress)
        _remember(connection, wanted)
    return True


def _configure(url: str) -> None:
    import django
    from django.conf import settings as django_settings

    django_settings.configure(**_django_settings(url))
    django.setup()


def _django_settings(url: str) -> dict[str, Any]:
    given = is_given("HUITOU_PUBLIC_URL") and settings().public_url.startswith("https://")
    return {
        "SECRET_KEY": secret("django").hex(),
        "DEBUG": False,
        "ALLOWED_HOSTS": ["*"],  # the console never builds a link from the Host header
        "SESSION_COOKIE_SECURE": given,  # where it is set in the console: huitou.console.middleware.secure_cookies
        "CSRF_COOKIE_SECURE": given,
        "CSRF_COOKIE_HTTPONLY": True,  # our script reads the token from the page's forms
        "CSRF_FAILURE_VIEW": "huitou.console.views.errors.forged",
        "INSTALLED_APPS": list(APPS),
        "MIDDLEWARE": list(MIDDLEWARE),
        "ROOT_URLCONF": "huitou.console.urls",
        "TEMPLATES": [_templates()],
        "DATABASES": {"default": _database(url)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "STATIC_URL": "/static/",
        "STATICFILES_DIRS": [CONSOLE / "static"] if (CONSOLE / "static").is_dir() else [],
        "LOCALE_PATHS": [CONSOLE / "locale"],
        "LANGUAGES": [("zh-hans", "简体中文"), ("en", "English")],
        "LANGUAGE_CODE": "zh-hans",
        "USE_I18N": True,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",  # pages show the shop's hours, which are computed from microseconds
        "LOGIN_URL": "login",
        "AUTHENTICATION_BACKENDS": ["huitou.admin.backend.Accounts"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
            for name, options in (
                ("MinimumLengthValidator", {"min_length": 8}),
                ("UserAttributeSimilarityValidator", {"user_attributes": ["username"]}),
                ("CommonPasswordValidator", {}),
                ("NumericPasswordValidator", {}),
            )
        ],
        "LOGGING_CONFIG": None,  # one log for the house, set up by the command
    }


def _templates() -> dict[str, Any]:
    tags = sorted((CONSOLE / "templatetags").glob("[!_]*.py"))
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [CONSOLE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "huitou.console.banner.troubles",
                "huitou.console.context.abilities",
            ],
            "libraries": {tag.stem: f"huitou.console.templatetags.{tag.stem}" for tag in tags},
        },
    }


def _database(url: str) -> dict[str, Any]:
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_HEALTH_CHECKS": True,  # a connection that died with its server is replaced, not handed to a page
        "OPTIONS": {"pool": {"min_size": 0, "max_size": POOL_SIZE}, **parts},
    }


def _move_to(url: str) -> None:
    """Point Django at another ledger: what it has open is closed, in this thread and in its pool."""
    from django.db import connections

    connection = connections["default"]
    connection.close()
    connection.close_pool()
    connections.settings["default"].update(_database(url))
    connection.settings_dict.update(_database(url))


def _fingerprint() -> str:
    """Names of every migration of every app, without importing any."""
    names = [f"{app}/{file.name}" for app in APPS for file in _migrations_of(app).glob("[!_]*.py")]
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:32]


def _migrations_of(app: str) -> Path:
    top, *below = app.split(".")
    spec = find_spec(top)  # of the top package only: looking for a part of it would import the rest
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.joinpath(*below, "migrations")


def _applied(connection: ledger.Connection) -> str | None:
    try:
        row = connection.execute("SELECT fingerprint FROM huitou_schema").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return row[0] if row else None


def _remember(connection: ledger.Connection, fingerprint: str) -> None:
    with connection.transaction():
        connection.execute("CREATE TABLE IF NOT EXISTS huitou_schema (fingerprint text NOT NULL)")
        connection.execute("DELETE FROM huitou_schema")
        connection.execute("INSERT INTO huitou_schema VALUES (%s)", (fingerprint,))


def _run_migrations(progress: Callable[[str], None] | None) -> None:
    setup_django()
    from django.core.management import call_command
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connections["default"])
    unknown = sorted(
        f"{app}.{name}"
        for app, name in set(loader.applied_migrations) - set(loader.disk_migrations)
        if app in loader.migrated_apps
    )
    if unknown:
        raise Refused(
            {
                "zh": f"数据库由更新的版本写成（{unknown[-1]}）：请升级 huitou。",
                "en": f"the database was written by a newer version ({unknown[-1]}): upgrade huitou",
            },
            code="newer_database",
        )
    call_command("migrate", interactive=False, verbosity=1 if progress else 0, stdout=_Names(progress))


class _Names:
    """What Django's migrate writes to: passes on the name in `  Applying app.0001_name...`."""

    def __init__(self, progress: Callable[[str], None] | None) -> None:
        self.progress = progress

    def write(self, text: str) -> None:
        _, found, name = text.partition("Applying ")
        if found and self.progress:
            self.progress(name.strip().removesuffix("..."))

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False
