"""What a user's name and password must be, for the console and the command line alike."""

from __future__ import annotations

import secrets
import unicodedata

from huitou.kit.errors import Refused
from huitou.kit.text import LANGUAGES

LONGEST_NAME = 150  # as Django keeps it
LONGEST_PASSWORD = 1_000
TAGS = {"zh": "zh-hans", "en": "en"}
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
    said = {language: _complaint(password, name, TAGS[language]) for language in LANGUAGES}
    if any(said.values()):
        raise Refused(said, code="weak_password")


def make_password() -> str:
    """One to be shown once: 72 bits."""
    return secrets.token_urlsafe(9)


def _complaint(password: str, name: str, tag: str) -> str:
    """Everything that is wrong, in Django's own words of that language; '' where nothing is."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.utils.translation import override

    with override(tag):
        try:
            validate_password(password, get_user_model()(username=name))
        except ValidationError as error:
            return ("" if tag.startswith("zh") else " ").join(error.messages)
    return ""


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
