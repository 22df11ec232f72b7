"""Policies by name: each is one file of this folder. 'auto' is the best there is for the data there are: today the rules."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.decisions.learning import Learned, Model, Models, NoModels
from huitou.decisions.policies.base import Policy
from huitou.kit.errors import Refused

AUTO = "rules"


def open_policy(campaign: Campaign, store: Models | None = None) -> Policy:
    """The policy that the campaign asks for (`name` or `name@version`), with what it learned; Refused where there is none of
    that name or version."""
    return open_with_evidence(campaign, store)[0]


def open_with_evidence(campaign: Campaign, store: Models | None = None) -> tuple[Policy, Model | None]:
    """The policy, and what it learned from."""
    wanted, _, version = campaign.policy.partition("@")
    name = wanted.split(":", maxsplit=1)[0]
    name = AUTO if name == "auto" else name
    module = _find(name)
    model = _model_of(module, name, version, store or NoModels())
    try:
        policy: Policy = module.open_policy(campaign, model)
    except ValueError as error:
        raise _refused(f"策略 {name} 用不了：没有 {error}。", f"{name}: there is no {error}") from None
    if version and version != policy.version:
        raise _no_version(policy.name, version, policy.version)
    return policy, model


def find_learner(name: str) -> Callable[[pa.Table], Learned]:
    """The function by which the policy learns; Refused where it learns nothing."""
    learner: Callable[[pa.Table], Learned] | None = getattr(_find(name), "learn", None)
    if learner is None:
        raise _refused(f"策略 {name} 不需要学习。", f"the policy {name} learns nothing")
    return learner


def known_policies() -> list[str]:
    """The names of the files here that are policies."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return [name for name in names if hasattr(import_module(f"{__name__}.{name}"), "open_policy")]


def _find(name: str) -> ModuleType:
    known = known_policies() if re.fullmatch(r"[a-z][a-z0-9_]*", name) else []
    if name not in known:
        listed = ", ".join(["auto", *known_policies()])
        raise _refused(
            f"策略 {name} 还不能用：可以写 {listed.replace(', ', '、')}。",
            f"the policy {name} cannot be used yet; there are {listed}",
        )
    return import_module(f"{__name__}.{name}")


def _model_of(module: ModuleType, name: str, version: str, store: Models) -> Model | None:
    if not hasattr(module, "learn"):
        return None
    if version and not version.isdigit():
        raise _no_version(name, version, "")
    model = store.find(name, int(version) if version else None)
    if model is None:
        if version:
            raise _no_version(name, version, "")
        raise _refused(f"策略 {name} 还没有学过任何数据。", f"the policy {name} has learned nothing yet")
    return model


def _no_version(name: str, version: str, now: str) -> Refused:
    zh, en = (f"，现在是 {now}", f"; it is at {now}") if now else ("", "")
    return _refused(f"策略 {name} 没有版本 {version}{zh}。", f"the policy {name} has no version {version}{en}")


def _refused(zh: str, en: str) -> Refused:
    return Refused({"zh": zh, "en": en}, code="policy")
