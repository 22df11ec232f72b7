"""What a user's name and password must be, for the console and the command line alike."""

from __future__ import annotations

import secrets
import unicodedata

from huitou.kit.errors import Refused
from huitou.kit.text import LANGUAGES, Text

LONGEST_NAME = 150  # as Django keeps it
LONGEST_PASSWORD = 1_000
GLUE = {"zh": "", "en": " "}
# Django's own sentences are not all there in Chinese.
WEAK: dict[str, Text] = {
    "password_too_short": {
        "zh": "密码太短，至少要 8 个字符。",
        "en": "The password is too short: at least 8 characters.",
    },
    "password_too_similar": {"zh": "密码和账号太像了。", "en": "The password is too much like the name."},
    "password_too_common": {"zh": "这个密码太常见了。", "en": "This password is one that many people use."},
    "password_entirely_numeric": {"zh": "密码不能全是数字。", "en": "The password must not be all digits."},
}
# Control and format characters, surrogates, private and unassigned ones: a name must look like what it is.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_name(text: str) -> str:
    """The name in one spelling: NFKC, one blank between words. Refused where it is none."""
    if any(unicodedata.category(one) in UNSEEN for one in text.strip()):
        raise Refused({"zh": "账号名含有看不见的字符。", "en": "The user name holds characters that cannot be seen."})
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not name:
        raise Refused({"zh": "请填写账号名。", "en": "Give a user name."})
    if len(name) > LONGEST_NAME:
        raise Refused(
            {
                "zh": f"账号名太长，最多 {LONGEST_NAME} 个字符。",
                "en": f"The user name is too long: at most {LONGEST_NAME} characters.",
            }
        )
    return name


def check_password(password: str, name: str) -> None:
    """Refused where it is too short, too common, all digits or like the name: with every reason."""
    if len(password) > LONGEST_PASSWORD or not _is_encodable(password):
        raise Refused(
            {"zh": "密码太长或含有不能用的字符。", "en": "The password is too long or holds unusable characters."}
        )
    wrong = _faults(password, name)
    if wrong:
        raise Refused(
            {language: GLUE[language].join(WEAK[code][language] for code in wrong) for language in LANGUAGES},
            code="weak_password",
        )


def make_password() -> str:
    """One to be shown once: 72 bits."""
    return secrets.token_urlsafe(9)


def _faults(password: str, name: str) -> list[str]:
    """What Django's validators find, by their codes."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        validate_password(password, get_user_model()(username=name))
    except ValidationError as error:
        return [str(one.code) for one in error.error_list]
    return []


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
