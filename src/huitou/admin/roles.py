"""The three roles, each with all that the ones before it may do."""

from __future__ import annotations

from typing import Literal, get_args

from huitou.kit.errors import Refused
from huitou.kit.text import Text

Role = Literal["analyst", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

NAMES: dict[Role, Text] = {
    "analyst": {"zh": "分析员", "en": "analyst"},
    "operator": {"zh": "运营", "en": "operator"},
    "admin": {"zh": "管理员", "en": "administrator"},
}
MAY: dict[Role, Text] = {
    "analyst": {
        "zh": "查看数据和结果，看不到联系方式，不能修改",
        "en": "reads; sees no contact details and changes nothing",
    },
    "operator": {
        "zh": "导入数据、管理场次、做触达活动，可以查看联系方式",
        "en": "imports, keeps broadcasts, runs campaigns, may see contact details",
    },
    "admin": {"zh": "另外可以管理账号、密钥和设置", "en": "also users, keys and settings"},
}


def may(role: str | None, needed: Role) -> bool:
    """Whether who has this role may do what needs that one."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def read_role(text: str) -> Role:
    """Refused where there is no such role."""
    for role in ROLES:
        if role == text:
            return role
    raise Refused({"zh": f"没有角色“{text[:40]}”。", "en": f"there is no role {text[:40]!r}: {', '.join(ROLES)}"})
