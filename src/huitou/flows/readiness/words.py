"""The words: does every message come out whole, with its mark, its way out, and links that lead somewhere?"""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

from huitou.campaigns.channel_facts import label_of
from huitou.campaigns.definition import Campaign
from huitou.delivery.brand import is_marked
from huitou.delivery.reachable import host_in, is_private, mail_leaves
from huitou.delivery.rehearse import MessageKind, Rehearsal
from huitou.delivery.unsubscribe import unsubscribe_url
from huitou.flows.readiness.findings import Finding, good, stop, warning
from huitou.kit.text import say

# 互联网电子邮件服务管理办法 (MIIT order 38 of 2006) art. 14: 广告 or AD at the front of the subject.
LANGUAGES = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}
STAGES = {"urgency": ("紧迫期", "urgency"), "value": ("价值期", "value")}


def check_words(rehearsal: Rehearsal, campaign: Campaign) -> list[Finding]:
    """Of messages that were written out as their customers would read them."""
    return [
        *_check_templates(rehearsal, campaign),
        _check_mark(rehearsal, campaign),
        _check_way_out(rehearsal, campaign),
        _check_targets(rehearsal, campaign),
    ]


def _check_templates(rehearsal: Rehearsal, campaign: Campaign) -> list[Finding]:
    """Words that never come out are broken; words that fail for some lack those persons' own data: they get nothing."""
    link, found = _page_of(campaign), []
    for kind, failed in sorted(rehearsal.failed.items(), key=str):
        tried, why = rehearsal.tried[kind], rehearsal.reasons[kind]
        zh, en = _name(kind)
        if failed == tried:
            found.append(
                stop(
                    "templates",
                    (f"{zh}的模板写不出来：{say(why, 'zh')}", f"The words for {en} cannot be made: {say(why, 'en')}"),
                    ("在触达活动里改正模板。", "Correct the template in the campaign."),
                    link,
                )
            )
        else:
            found.append(
                warning(
                    "templates",
                    (f"{zh}：检查的 {tried:,} 条里有 {failed:,} 条写不出来，这些人不会收到：{say(why, 'zh')}",
                     f"{en}: {failed:,} of {tried:,} messages looked at cannot be made and will not go: {say(why, 'en')}"),
                    ("给可能为空的变量加上 default。", "Give what may be missing a `default`."),
                    link,
                )
            )  # fmt: skip
    tried = sum(rehearsal.tried.values())
    if not found and tried:
        found.append(
            good(
                "templates",
                f"按客户会看到的样子写了 {tried:,} 条，都完整",
                f"{tried:,} messages written out, all of them whole",
            )
        )
    return found


def _check_mark(rehearsal: Rehearsal, campaign: Campaign) -> Finding:
    subjects = [s.rendered.subject for s in rehearsal.samples if s.kind.channel == "email" and s.kind.language == "zh"]
    bare = sum(not is_marked(subject) for subject in subjects)
    if not bare:
        return good("mark", "邮件标题的广告标识没有问题", "The subjects need no further mark")
    return warning(
        "mark",
        ("中文推广邮件的标题前没有“广告”或“AD”字样（《互联网电子邮件服务管理办法》第十四条）",
         "Chinese promotional mails lack 广告 or AD before the subject (MIIT order 38, art. 14)"),
        ("在触达活动的 [sender.mark] 里去掉空的 zh，或写上广告标识。", "Take the empty zh out of [sender.mark], or put a mark there."),
        _page_of(campaign),
    )  # fmt: skip


def _check_way_out(rehearsal: Rehearsal, campaign: Campaign) -> Finding:
    mails = [sample for sample in rehearsal.samples if sample.kind.channel == "email"]
    without = sum(unsubscribe_url(one.message) not in one.rendered.html + one.rendered.text for one in mails)
    if not without:
        return good("unsubscribe", "每封邮件都有退订链接", "Every mail has its unsubscribe link")
    return stop(
        "unsubscribe",
        (f"检查的 {len(mails):,} 封邮件里有 {without:,} 封没有退订链接",
         f"{without:,} of {len(mails):,} mails looked at have no unsubscribe link"),
        ("在自己写的整页模板里加上 {{ unsubscribe }}。", "Put {{ unsubscribe }} into the layout you wrote yourself."),
        _page_of(campaign),
    )  # fmt: skip


def _check_targets(rehearsal: Rehearsal, campaign: Campaign) -> Finding:
    """Links that only this machine or network can open. Hosts that are not allowed do not come so far: see templates."""
    hosts = Counter(host_in(link.target) for sample in rehearsal.samples for link in sample.rendered.links)
    lost = sorted(host for host in hosts if not host or is_private(host))
    if not lost:
        return good("links", "链接都指向客户能打开的网站", "Links lead where customers can follow")
    make = stop if mail_leaves() else warning
    named = ", ".join(lost[:3])
    return make(
        "links",
        (f"有链接指向客户打不开的地址：{named}", f"Links lead where no customer can follow: {named}"),
        ("改正商品网址或模板里的链接。", "Correct the products' addresses or the links in the words."),
        _page_of(campaign),
    )


def check_unlinked(products: int) -> Finding | None:
    if not products:
        return None
    return warning(
        "product_links",
        (f"{products:,} 个商品没有可以链接的网页地址，这些消息里没有商品链接",
         f"{products:,} products have no web address: messages about them carry no link to them"),
        ("导入带网址的商品表，或把网站加进 [links] hosts。", "Import products with their addresses, or name the site in [links] hosts."),
        "/intake",
    )  # fmt: skip


def _name(kind: MessageKind) -> tuple[str, str]:
    language = LANGUAGES.get(kind.language, (kind.language, kind.language))
    stage = STAGES.get(kind.stage, (kind.stage, kind.stage))
    zh = "·".join(part for part in (say(label_of(kind.channel), "zh"), language[0], stage[0]) if part)
    return zh, ", ".join(part for part in (say(label_of(kind.channel), "en"), language[1], stage[1]) if part)


def _page_of(campaign: Campaign) -> str:
    return f"/campaigns/{quote(campaign.name)}"
