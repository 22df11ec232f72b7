"""Sending: is each channel set up and answering, can customers' clicks come back, who writes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parseaddr
from typing import TypeVar

import httpx

from huitou.campaigns.channel_facts import label_of
from huitou.campaigns.definition import Campaign
from huitou.delivery.brand import read_brand
from huitou.delivery.channels.email.mime import read_sender
from huitou.delivery.channels.email.session import read_relay
from huitou.delivery.reachable import host_in, is_loopback, is_private, mail_leaves
from huitou.delivery.send import ADAPTERS
from huitou.delivery.trial import Trial, try_signing_in
from huitou.flows.readiness.findings import Finding, good, stop, warning
from huitou.kit.errors import HuitouError
from huitou.kit.settings import settings
from huitou.kit.text import say

ANSWER_SECONDS = 8.0  # somebody waits for the page
REMEMBERED_SECONDS = 60.0
SETTINGS = "/settings"

T = TypeVar("T")
_mutex = threading.Lock()
_remembered: dict[tuple[object, ...], tuple[float, object]] = {}


def check_channels(messages: Mapping[str, int]) -> list[Finding]:
    """Each channel of a plan, with how many messages it is to carry."""
    total, found = sum(messages.values()), []
    for channel, count in sorted(messages.items()):
        if channel not in ADAPTERS:
            found.append(_no_adapter(channel, count, total))
        else:
            found.append(check_mail_server())
    return found


def _no_adapter(channel: str, count: int, total: int) -> Finding:
    zh, en = (say(label_of(channel), language) for language in ("zh", "en"))
    make = stop if count == total else warning
    return make(
        f"channel_{channel}",
        (f"{zh}渠道尚未接通：{count:,} 条消息发不出去", f"{en} is not connected: {count:,} messages will not go"),
        ("从触达活动里去掉这个渠道。", "Take this channel out of the campaign."),
    )


def check_mail_server() -> Finding:
    """It greets, encrypts and lets us in; nothing is sent. Asked at most once a minute."""
    url, mail_from = settings().smtp_url, settings().mail_from
    if not url:
        return stop(
            "sending",
            ("没有设置邮件服务器，邮件不会发出", "No mail server is set: no mail goes out"),
            ("到设置里填写邮件服务器（HUITOU_SMTP_URL），并给自己发一封测试邮件。",
             "Set the mail server (HUITOU_SMTP_URL), and send a test mail to yourself."),
            SETTINGS,
        )  # fmt: skip
    trial = _remember(("smtp", url, mail_from), lambda: _run(try_signing_in(url, mail_from, seconds=ANSWER_SECONDS)))
    if trial.ok:
        return Finding("sending", "good", trial.reason)
    return Finding("sending", "stop", trial.reason, {"zh": "改好后再试。", "en": "Mend it and try again."}, SETTINGS)


def check_public_address(leaves: bool | None = None) -> Finding:
    """Where links and unsubscribing lead. An address of this machine will do as long as mails stay on it."""
    url = settings().public_url
    host, leaves = host_in(url), mail_leaves() if leaves is None else leaves
    name, todo = "public_address", ("设置客户能打开的公网地址（HUITOU_PUBLIC_URL），例如 https://t.example.com。",
                                    "Set an address customers can open (HUITOU_PUBLIC_URL), e.g. https://t.example.com.")  # fmt: skip
    if not host:
        return stop(name, (f"公网地址不是网址：{url}", f"The public address is no web address: {url}"), todo, SETTINGS)
    if is_private(host):
        where = ("本机", "this machine") if is_loopback(host) else ("内网", "the private network")
        told = (
            f"公网地址 {url} 只有{where[0]}能打开，客户点不开链接，也退订不了",
            f"Only {where[1]} can open the public address {url}: customers could follow no link and not unsubscribe",
        )
        if leaves:
            return stop(name, told, todo, SETTINGS)
        return warning(
            name,
            told,
            (
                "试用时没有关系；正式发送前请设置公网地址。",
                "Fine for trying it out; set the public address before you mean it.",
            ),
            SETTINGS,
        )
    return _check_answer(url)


def _check_answer(url: str) -> Finding:
    name = "public_address"
    if url.startswith("http://"):
        return warning(
            name,
            (f"公网地址 {url} 没有加密", f"The public address {url} is not encrypted"),
            (
                "改用 https 地址：不少手机和邮箱会拦截 http 链接。",
                "Use https: many phones and mailboxes warn of http links.",
            ),
            SETTINGS,
        )
    if not _remember(("public", url), lambda: _answers(url)):
        return warning(
            name,
            (f"从本机访问 {url} 没有应答", f"{url} does not answer from this machine"),
            ("请用手机流量打开它试试；打不开就检查域名、端口和代理。",
             "Open it from a phone off your network; if that fails check the name, the port and the proxy."),
            SETTINGS,
        )  # fmt: skip
    return good(name, f"{url} 有应答", f"{url} answers")


def check_sender(campaign: Campaign | None = None, leaves: bool | None = None) -> Finding:
    """Who mails are from: an address that can be answered, of the domain that signs in."""
    own = campaign.sender.address if campaign else ""
    told, leaves = own or settings().mail_from, mail_leaves() if leaves is None else leaves
    try:
        sender = read_sender(told)
    except HuitouError as error:
        return Finding("sender", "stop", error.message, {"zh": "改正发件地址。", "en": "Correct it."}, SETTINGS)
    address = parseaddr(told)[1]
    if is_private(sender.domain):
        make = stop if leaves else warning
        return make(
            "sender",
            (f"发件地址是 {address}，客户回复不了，多数邮箱会拒收",
             f"The sender is {address}: nobody can answer it and most mailboxes refuse it"),
            ("把发件地址设为你的域名下的邮箱（HUITOU_MAIL_FROM）。", "Set the sender to a mailbox of your own domain (HUITOU_MAIL_FROM)."),
            SETTINGS,
        )  # fmt: skip
    login = _login_domain()
    if login and not _is_related(sender.domain, login):
        return warning(
            "sender",
            (f"发件地址 {address} 和登录邮件服务器的域名 {login} 不同", f"The sender {address} is not of {login}, which signs in"),
            ("确认服务商允许用这个地址发信（已验证域名、SPF、DKIM），否则会被拒收或进垃圾箱。",
             "Make sure that your provider lets this address send (verified domain, SPF, DKIM), or mails end as spam."),
            SETTINGS,
        )  # fmt: skip
    return good("sender", f"发件地址 {address}", f"The sender is {address}")


def _login_domain() -> str:
    url = settings().smtp_url
    try:
        return read_relay(url).user.rpartition("@")[2].lower() if url and "@" in read_relay(url).user else ""
    except HuitouError:
        return ""


def _is_related(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def check_postal_address(campaign: Campaign | None = None) -> Finding:
    """Commercial mail names a place (CAN-SPAM § 7704(a)(5)); the layout prints it at the foot."""
    try:
        address = read_brand(campaign.sender if campaign else None).address
    except HuitouError as error:
        return Finding("postal_address", "warning", error.message, link=SETTINGS)
    if address:
        return good("postal_address", f"通信地址：{address}", f"The postal address is {address}")
    return warning(
        "postal_address",
        ("没有填写通信地址", "There is no postal address"),
        ("在设置里填写（HUITOU_BRAND_ADDRESS）：不少国家要求商业邮件写明。",
         "Fill it in (HUITOU_BRAND_ADDRESS): many countries ask for it in commercial mail."),
        SETTINGS,
    )  # fmt: skip


def forget() -> None:
    """Ask anew at the next check: a setting was changed."""
    with _mutex:
        _remembered.clear()


def _answers(url: str) -> bool:
    try:
        with httpx.stream("GET", f"{url}/health", timeout=3.0) as answer:  # whoever answers there may never end
            return answer.status_code == 200
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _remember(key: tuple[object, ...], ask: Callable[[], T]) -> T:
    with _mutex:
        at, answer = _remembered.get(key, (float("-inf"), None))
        if time.monotonic() - at > REMEMBERED_SECONDS:
            answer = ask()
            _remembered[key] = (time.monotonic(), answer)
        return answer  # type: ignore[return-value]  # what this key's question answers


def _run(conversation: object) -> Trial:
    """In a thread of its own: whoever asks may stand in a running loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, conversation).result()  # type: ignore[arg-type]
